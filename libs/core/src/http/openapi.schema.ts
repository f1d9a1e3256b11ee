/** An OpenAPI schema, as far as it is used here. */
export interface Schema {
  readonly type: string;
  readonly [keyword: string]: unknown;
}

/** Media type → schema of the body. */
export type Content = Record<string, { schema: Schema }>;

/** What the OpenAPI document says about one route beyond its path. */
export interface DocumentedRoute {
  readonly summary: string;
  readonly description?: string;
  readonly query?: readonly { readonly name: string; readonly description: string; readonly schema: Schema }[];
  readonly body?: { readonly description: string; readonly schema: Schema };
  readonly answer: Readonly<Record<number, { readonly description: string; readonly content?: Content }>>;
  readonly problems?: Readonly<Record<number, string>>;
}

/** Any text. */
export const text = { type: 'string' };
/** True or false. */
export const flag = { type: 'boolean' };
/** A whole number. */
export const count = { type: 'integer' };
/** A point in time. */
export const time = { type: 'integer', description: 'Milliseconds since 1970' };
/** Whatever the application put there. */
export const anything = { description: 'Any JSON' };
/** An array of these. */
export const list = (items: object): Schema => ({ type: 'array', items });
/** An object with these fields; those of `required` are always there. */
export const record = (properties: Record<string, object>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
});
/** An answer of type application/json. */
export const json = (description: string, schema: Schema): { description: string; content: Content } => ({
  description,
  content: { 'application/json': { schema } },
});

/** An error as it is shown: without its stack. */
export const error = record({ name: text, message: text, code: text }, ['name', 'message']);
/** Why an operation is refused before it is looked at. */
export const CLOSED = 'Operations are closed, or a guard refused';
/** Why a route is refused for its query. */
export const BAD_QUERY = 'A parameter is unknown or has a value that cannot be used';
/** What the body of an operation may say. */
export const operator = { by: { ...text, description: 'Who asks' }, reason: text };
