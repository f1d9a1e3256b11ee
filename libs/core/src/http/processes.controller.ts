import {
  Body,
  Get,
  Headers,
  HttpCode,
  Logger,
  Param,
  Post,
  Query,
  Req,
  Res,
  Sse,
  UseFilters,
  type MessageEvent,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { TERMINAL, type CompensationDecision, type Processes, type StartOptions } from '../processes/index.js';
import { bindBody } from './body-validation.js';
import { ShuttingDownError } from './http.errors.js';
import type { ResolvedHttpOptions } from './http.options.js';
import { journalStream } from './journal-stream.js';
import { toJsonView } from './json-view.js';
import type { OperationsGate } from './operations-gate.js';
import { OpenResponses } from './open-responses.js';
import { parseOperatorBody } from './operator-body.js';
import { preferredWait, within } from './prefer.js';
import { CatgaProblemFilter } from './problem.filter.js';
import { ProcessViews } from './process-views.js';
import { parseEventsQuery, parseFilter, parseStartQuery, parseStreamStart, type RawQuery } from './query.js';

/** What the controller needs to know of a request of any HTTP adapter. */
export interface HttpRequest {
  readonly originalUrl: string;
}

/**
 * The routes of `/processes`. Never mounted itself: `createProcessesController` makes a subclass for each place it is mounted
 * at. Literal routes stand before `:id`. Signals, approval, pause, resume and fork will stand beside `cancel`.
 */
@UseFilters(CatgaProblemFilter)
export abstract class ProcessesController implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('CatgaProcesses');
  private readonly stopping = new AbortController();
  private readonly streams = new OpenResponses();
  private readonly views: ProcessViews;

  constructor(
    private readonly processes: Processes,
    private readonly host: HttpAdapterHost,
    private readonly options: ResolvedHttpOptions,
    private readonly gate: () => OperationsGate,
  ) {
    this.views = new ProcessViews(options);
  }

  /** Says once at boot where the endpoints are and who may change something. */
  onApplicationBootstrap(): void {
    // An application context has no HTTP server to mount anything on. The type does not admit it.
    if (!(this.host.httpAdapter as object | null | undefined)) return;
    const { open, why, unguarded } = this.gate();
    const reading = this.options.guards.length > 0 ? 'open to whom the guards let in' : 'open';
    const operations = `operations (every POST) are ${open ? 'open' : 'closed, answering 403'}: ${why}`;
    const path = this.options.path.replace(/^\//, '');
    const line = `Process endpoints at /${path}: reading is ${reading}, ${operations}.`;
    if (unguarded) this.logger.warn(`${line} Configure guards before others can reach them.`);
    else this.logger.log(line);
  }

  /** Open streams would hold the server's shutdown back. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.streams.ended();
  }

  @Get()
  async list(@Query() query: RawQuery): Promise<object> {
    return this.views.page(await this.processes.list(parseFilter(query)));
  }

  @Get('definitions')
  definitions(): unknown {
    return toJsonView(this.processes.definitions());
  }

  @Get(':id')
  async details(@Param('id') id: string): Promise<object> {
    return this.views.details(await this.processes.get(id));
  }

  @Get(':id/status')
  async status(@Param('id') id: string): Promise<object> {
    return this.processes.status(id);
  }

  @Get(':id/events')
  async events(@Param('id') id: string, @Query() query: RawQuery): Promise<object> {
    const events = await this.processes.events(id, parseEventsQuery(query));
    return { events: events.map((event) => this.views.event(event)) };
  }

  @Sse(':id/events/stream')
  async stream(
    @Param('id') id: string,
    @Query() query: RawQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<Observable<MessageEvent>> {
    if (this.stopping.signal.aborted) throw new ShuttingDownError();
    const after = parseStreamStart(query, lastEventId);
    const { status } = await this.processes.status(id);
    if (lastEventId && TERMINAL.has(status) && (await this.isRead(id, after))) {
      // The client has everything; 204 is how an EventSource is told not to come back for more.
      this.host.httpAdapter.status(response, 204);
    }
    this.streams.add(response);
    return journalStream({
      after,
      watch: (signal) => this.processes.watch(id, { after, signal }),
      show: (event) => this.views.event(event),
      end: () => this.processes.status(id),
      heartbeat: this.options.heartbeat,
      stop: this.stopping.signal,
    });
  }

  @Post(':name')
  @HttpCode(202)
  async start(
    @Param('name') name: string,
    @Query() query: RawQuery,
    @Body() body: unknown,
    @Headers() headers: Readonly<Record<string, string | undefined>>,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<object> {
    const { wait, tags, ...rest } = parseStartQuery(query);
    const command = await bindBody(this.processes.commandOf(name), body);
    const correlationId = headers['x-correlation-id'];
    const options: StartOptions = { ...rest, tags, ...(correlationId ? { correlationId } : {}) };
    const handle = await this.processes.start(name, command, options);
    const { id, started } = handle;
    this.host.httpAdapter.setHeader(response, 'Location', siblingPath(request.originalUrl, id));
    const patience = wait ? this.options.maxWait : (preferredWait(headers['prefer'], this.options.maxWait) ?? 0);
    const ended = patience > 0 ? await within(handle.result(), patience) : undefined;
    if (!ended) return { processId: id, started };
    if (!wait) this.host.httpAdapter.setHeader(response, 'Preference-Applied', 'wait');
    this.host.httpAdapter.status(response, 200);
    return { processId: id, started, result: this.views.value(ended.value) ?? null };
  }

  @Post(':id/cancel')
  @HttpCode(202)
  async cancel(@Param('id') id: string, @Body() body: unknown): Promise<object> {
    await this.processes.cancel(id, parseOperatorBody('cancellation', body, ['by', 'reason', 'compensate']));
    return this.processes.status(id);
  }

  @Post(':id/retry')
  @HttpCode(202)
  async retry(@Param('id') id: string, @Body() body: unknown): Promise<object> {
    await this.processes.retry(id, parseOperatorBody('retry', body));
    return this.processes.status(id);
  }

  @Post(':id/compensations/:step/retry')
  @HttpCode(202)
  retryCompensation(@Param('id') id: string, @Param('step') step: string, @Body() body: unknown): Promise<object> {
    return this.decide(id, step, 'retry', body);
  }

  @Post(':id/compensations/:step/skip')
  @HttpCode(202)
  skipCompensation(@Param('id') id: string, @Param('step') step: string, @Body() body: unknown): Promise<object> {
    return this.decide(id, step, 'skip', body);
  }

  @Post(':id/compensations/:step/done')
  @HttpCode(202)
  markCompensationDone(@Param('id') id: string, @Param('step') step: string, @Body() body: unknown): Promise<object> {
    return this.decide(id, step, 'done', body);
  }

  private async decide(id: string, step: string, decision: CompensationDecision, body: unknown): Promise<object> {
    await this.processes.decideCompensation(id, step, decision, parseOperatorBody('decision', body));
    return this.processes.status(id);
  }

  private async isRead(id: string, after: number): Promise<boolean> {
    return (await this.processes.events(id, { after, limit: 1 })).length === 0;
  }
}

/** The path of a run, seen from the request that started it: right under any prefix, version and router module. */
function siblingPath(originalUrl: string, id: string): string {
  const [path = ''] = originalUrl.split('?', 1);
  const parent = path.replace(/\/+$/, '').replace(/\/[^/]*$/, '');
  return `${parent}/${encodeURIComponent(id).replaceAll('%3A', ':')}`;
}
