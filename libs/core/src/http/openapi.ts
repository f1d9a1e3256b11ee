import { optionalImport } from './optional-import.js';
import { DOCUMENTED_ROUTES, type DocumentedRoute } from './openapi.routes.js';
import { ProcessesController } from './processes.controller.js';

type ProblemContent = Record<string, { schema: { $ref: string } }>;
type Swagger = typeof import('@nestjs/swagger');

const swagger = optionalImport(() => import('@nestjs/swagger'));
let documented: Promise<void> | undefined;

/**
 * Writes the OpenAPI metadata of the routes when `@nestjs/swagger` is installed. Once for all mounted controllers: they
 * share the methods of {@link ProcessesController}. A tag given by a decorator of the options wins.
 */
export function documentProcesses(): Promise<void> {
  return (documented ??= swagger().then((api) => {
    if (api) describe(api);
  }));
}

function describe(api: Swagger): void {
  const CatgaProblem = problemClass(api);
  api.ApiTags('processes')(ProcessesController);
  api.ApiExtraModels(CatgaProblem)(ProcessesController);
  const problem = { 'application/problem+json': { schema: { $ref: api.getSchemaPath(CatgaProblem) } } };
  for (const [method, route] of Object.entries(DOCUMENTED_ROUTES)) {
    const prototype = ProcessesController.prototype as object;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
    if (!descriptor) throw new TypeError(`ProcessesController has no method ${method}`);
    for (const decorate of decoratorsOf(api, route, problem)) decorate(prototype, method, descriptor);
  }
}

function decoratorsOf(api: Swagger, route: DocumentedRoute, problem: ProblemContent): MethodDecorator[] {
  const { summary, description, query = [], body, answer, problems = {} } = route;
  return [
    api.ApiOperation({ summary, ...(description === undefined ? {} : { description }) }),
    ...query.map((parameter) => api.ApiQuery({ required: false, ...parameter })),
    ...(body ? [api.ApiBody({ required: false, ...body })] : []),
    ...Object.entries(answer).map(([status, options]) => api.ApiResponse({ status: Number(status), ...options })),
    ...Object.entries(problems).map(([status, text]) =>
      api.ApiResponse({ status: Number(status), description: text, content: problem }),
    ),
  ];
}

/** A class, because that is what OpenAPI components are named after. */
function problemClass(api: Swagger): new () => object {
  class CatgaProblem {}
  const property = (name: string, description: string, type: unknown, required = true): void => {
    api.ApiProperty({ description, type: type as () => unknown, required })(CatgaProblem.prototype, name);
  };
  property('type', 'Identifies the kind of problem: urn:catga:problem:{code}', String);
  property('title', 'The reason phrase of the status', String);
  property('status', 'The HTTP status', Number);
  property('detail', 'What happened, to what, and what to do next', String);
  property('instance', 'Path of the request', String, false);
  property('code', 'Stable name of the error, e.g. CATGA_PROCESS_NOT_FOUND', String);
  api.ApiProperty({
    description: 'Every fault of the body or query, with its path',
    required: false,
    type: 'array',
    items: {
      type: 'object',
      properties: { path: { type: 'string' }, pointer: { type: 'string' }, message: { type: 'string' } },
    },
  })(CatgaProblem.prototype, 'errors');
  return CatgaProblem;
}
