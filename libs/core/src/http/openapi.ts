import 'reflect-metadata';
import { CatgaProblem } from './openapi.problem.js';
import { DOCUMENTED_ROUTES, type DocumentedRoute } from './openapi.routes.js';
import { ProcessesController } from './processes.controller.js';

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

let isDocumented = false;

/** Describes the routes for OpenAPI; once, because all mounted controllers share the methods of the base. */
export function documentProcesses(): void {
  if (isDocumented) return;
  isDocumented = true;
  Reflect.defineMetadata(SWAGGER.tags, ['processes'], ProcessesController);
  Reflect.defineMetadata(SWAGGER.extraModels, [CatgaProblem], ProcessesController);
  for (const [method, route] of Object.entries(DOCUMENTED_ROUTES)) {
    const handler: unknown = Reflect.get(ProcessesController.prototype, method);
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
