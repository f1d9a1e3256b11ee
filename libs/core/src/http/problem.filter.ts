import { Catch, Inject, Injectable, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError, type Observable } from 'rxjs';
import { toJsonView } from './json-view.js';
import { isServerFault, toProblem, type Problem } from './problem.js';

/**
 * Answers every error of an HTTP request with `application/problem+json`. Bound to the process endpoints; an
 * application may use it for its own routes.
 *
 * @example `{ provide: APP_FILTER, useClass: CatgaProblemFilter }`, or `@UseFilters(CatgaProblemFilter)`
 */
@Catch()
@Injectable()
export class CatgaProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(CatgaProblemFilter.name);

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() === 'rpc') return throwError(() => error);
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    const problem = toProblem(error, pathOf(http.getRequest<unknown>()));
    if (isServerFault(problem)) this.logger.error(error);
    this.send(http.getResponse<unknown>(), problem);
  }

  private send(response: unknown, problem: Problem): void {
    const adapter = this.host.httpAdapter;
    // Too late for another answer; ending it shows the client that something is missing.
    if (adapter.isHeadersSent(response)) return void adapter.end(response);
    adapter.setHeader(response, 'Content-Type', 'application/problem+json; charset=utf-8');
    if (problem.status === 503) adapter.setHeader(response, 'Retry-After', '5');
    // As text: adapters give an object their own content type.
    adapter.reply(response, JSON.stringify(toJsonView(problem)), problem.status);
  }
}

function pathOf(request: unknown): string | undefined {
  const { originalUrl, url } = request as { originalUrl?: string; url?: string };
  return (originalUrl ?? url)?.split('?', 1)[0];
}
