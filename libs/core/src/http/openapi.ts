import 'reflect-metadata';
import { CatgaProblem } from './openapi.problem.js';
import { PROCESS_ROUTES } from './openapi.processes.js';
import { PROJECTION_ROUTES } from './openapi.projections.js';
import type { DocumentedRoute } from './openapi.schema.js';
import { ProcessesController } from './processes.controller.js';
import { ProjectionsController } from './projections.controller.js';

/**
 * The metadata that `@nestjs/swagger` reads. Written directly and not through its decorators, because its import takes
 * a third of a second and an application with these endpoints need not have it; the OpenAPI test fails when a new
 * version reads something else.
 */
const SWAGGER = {
  tags: 'swagger/apiUseTags',
  extraModels: 'swagger/apiExtraModels',
  operation: 'swagger/apiOperation',
  parameters: 'swagger/apiParameters',
  response: 'swagger/apiResponse',
} as const;

const PROBLEM = { 'application/problem+json': { schema: { $ref: `#/components/schemas/${CatgaProblem.name}` } } };

/** Describes the routes of processes for OpenAPI. */
export function documentProcesses(): void {
  document(ProcessesController, 'processes', PROCESS_ROUTES);
}

/** Describes the routes of projections for OpenAPI. */
export function documentProjections(): void {
  document(ProjectionsController, 'projections', PROJECTION_ROUTES);
}

/** Once for each controller, because all that are mounted share the methods of their base. */
function document(
  controller: { readonly prototype: object },
  tag: string,
  routes: Readonly<Record<string, DocumentedRoute>>,
): void {
  if (Reflect.hasMetadata(SWAGGER.tags, controller)) return;
  Reflect.defineMetadata(SWAGGER.tags, [tag], controller);
  Reflect.defineMetadata(SWAGGER.extraModels, [CatgaProblem], controller);
  for (const [method, route] of Object.entries(routes)) {
    const handler: unknown = Reflect.get(controller.prototype, method);
    describe(handler as object, route);
  }
}

function describe(handler: object, { summary, description, query = [], body, answer, problems = {} }: DocumentedRoute) {
  const parameters = query.map((parameter) => ({ in: 'query', required: false, ...parameter }));
  const bodies = body ? [{ in: 'body', type: String, required: false, ...body }] : [];
  const refusals = Object.entries(problems).map(([status, text]) => [status, { description: text, content: PROBLEM }]);
  Reflect.defineMetadata(SWAGGER.operation, description ? { summary, description } : { summary }, handler);
  Reflect.defineMetadata(SWAGGER.parameters, [...parameters, ...bodies], handler);
  Reflect.defineMetadata(SWAGGER.response, { ...answer, ...Object.fromEntries(refusals) }, handler);
}
