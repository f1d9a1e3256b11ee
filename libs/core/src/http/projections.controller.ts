import {
  Body,
  Get,
  HttpCode,
  Logger,
  Param,
  Post,
  Query,
  UseFilters,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { DeadLetter, ProjectionManager, ProjectionPause, ProjectionStatus } from '../projections/index.js';
import type { ResolvedHttpOptions } from './http.options.js';
import { toJsonView } from './json-view.js';
import type { OperationsGate } from './operations-gate.js';
import { parseOperatorBody } from './operator-body.js';
import { CatgaProblemFilter } from './problem.filter.js';
import { parseLettersQuery, type RawQuery } from './query.js';

/**
 * The routes of `/projections`. Never mounted itself: `createProjectionsController` makes a subclass for each place it is
 * mounted at.
 */
@UseFilters(CatgaProblemFilter)
export abstract class ProjectionsController implements OnApplicationBootstrap {
  private readonly logger = new Logger('CatgaProjections');

  constructor(
    private readonly projections: ProjectionManager,
    private readonly host: HttpAdapterHost,
    private readonly options: ResolvedHttpOptions,
    private readonly gate: () => OperationsGate,
  ) {}

  /** Says once at boot where the endpoints are and who may change something; nothing where there is nothing to change. */
  onApplicationBootstrap(): void {
    if (!(this.host.httpAdapter as object | null | undefined) || this.projections.names.length === 0) return;
    const { open, why, unguarded } = this.gate();
    const path = this.options.path.replace(/^\//, '');
    const line = `Projection endpoints at /${path}: operations (every POST) are ${open ? 'open' : 'closed, answering 403'}: ${why}.`;
    if (unguarded) this.logger.warn(`${line} Configure guards before others can reach them.`);
    else this.logger.log(line);
  }

  @Get()
  async list(): Promise<object> {
    const projections = await this.projections.list();
    return { projections: projections.map((status) => this.status(status)) };
  }

  @Get(':name')
  async details(@Param('name') name: string): Promise<object> {
    return this.status(await this.projections.status(name));
  }

  @Post(':name/pause')
  @HttpCode(200)
  async pause(@Param('name') name: string, @Body() body: unknown): Promise<object> {
    await this.projections.pause(name, parseOperatorBody('pause', body));
    return this.details(name);
  }

  @Post(':name/resume')
  @HttpCode(200)
  async resume(@Param('name') name: string): Promise<object> {
    await this.projections.resume(name);
    return this.details(name);
  }

  @Post(':name/rebuild')
  @HttpCode(202)
  async rebuild(@Param('name') name: string): Promise<object> {
    await this.projections.rebuild(name);
    return this.details(name);
  }

  @Post(':name/rebuild/cancel')
  @HttpCode(200)
  async cancelRebuild(@Param('name') name: string): Promise<object> {
    await this.projections.cancelRebuild(name);
    return this.details(name);
  }

  @Get(':name/dead-letters')
  async deadLetters(@Param('name') name: string, @Query() query: RawQuery): Promise<object> {
    const { letters, ...rest } = await this.projections.deadLetters(name, parseLettersQuery(query));
    return { deadLetters: letters.map((letter) => this.letter(letter)), ...rest };
  }

  @Get(':name/dead-letters/:id')
  async deadLetter(@Param('name') name: string, @Param('id') id: string): Promise<object> {
    return this.letter(await this.projections.deadLetter(name, id));
  }

  @Post(':name/dead-letters/:id/replay')
  @HttpCode(200)
  async replay(@Param('name') name: string, @Param('id') id: string): Promise<object> {
    const { replayed, failed } = await this.projections.replay(name, id);
    return { replayed, ...(failed === undefined ? {} : { failed: this.letter(failed) }) };
  }

  @Post(':name/dead-letters/:id/discard')
  @HttpCode(204)
  async discard(@Param('name') name: string, @Param('id') id: string): Promise<void> {
    await this.projections.discard(name, id);
  }

  private status({ paused, rebuild, ...status }: ProjectionStatus): object {
    const { failure, ...building } = rebuild ?? {};
    return {
      ...status,
      ...(paused === undefined ? {} : { paused: this.pauseView(paused) }),
      ...(rebuild === undefined
        ? {}
        : { rebuild: { ...building, ...(failure === undefined ? {} : { failure: this.pauseView(failure) }) } }),
    };
  }

  private pauseView({ error, ...pause }: ProjectionPause): object {
    return { ...pause, ...(error === undefined ? {} : { error: toJsonView(error, this.options) }) };
  }

  private letter({ error, ...letter }: DeadLetter): object {
    return { ...letter, ...(error === undefined ? {} : { error: toJsonView(error, this.options) }) };
  }
}
