import 'reflect-metadata';

const FIELDS = {
  type: { type: String, description: 'Identifies the kind of problem: urn:catga:problem:{code}' },
  title: { type: String, description: 'The reason phrase of the status' },
  status: { type: Number, description: 'The HTTP status' },
  detail: { type: String, description: 'What happened, to what, and what to do next' },
  code: { type: String, description: 'Stable name of the error, e.g. CATGA_PROCESS_NOT_FOUND' },
  instance: { type: String, description: 'Path of the request', required: false },
  errors: {
    type: 'array',
    description: 'Every fault of the body or query, with its path',
    required: false,
    items: {
      type: 'object',
      properties: { path: { type: 'string' }, pointer: { type: 'string' }, message: { type: 'string' } },
    },
  },
};

/** A problem as the OpenAPI document names it: components are named after classes. */
export class CatgaProblem {}

// The form in which `@ApiProperty` leaves what it was told; see openapi.ts for why it is not called.
const names = Object.keys(FIELDS).map((name) => `:${name}`);
Reflect.defineMetadata('swagger/apiModelPropertiesArray', names, CatgaProblem.prototype);
for (const [name, field] of Object.entries(FIELDS)) {
  Reflect.defineMetadata('swagger/apiModelProperties', { required: true, ...field }, CatgaProblem.prototype, name);
}
