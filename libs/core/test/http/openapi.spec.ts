import 'reflect-metadata';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { CatgaProcessesHttpModule } from '../../src/http/index.js';
import { httpApp } from './support/http-app.js';

describe('the OpenAPI document', () => {
  let document: OpenAPIObject;

  beforeAll(async () => {
    const second = CatgaProcessesHttpModule.forRoot({ path: 'admin' });
    const { app } = await httpApp(undefined, { imports: [second] });
    document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    await app.close();
  });

  it('has every route of every mount, with a summary', () => {
    const routes = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => {
        expect((operation as { summary?: string }).summary).toBeTruthy();
        return `${method} ${path}`;
      }),
    );
    const expected = [
      ...['get ', 'get /definitions', 'get /{id}', 'get /{id}/status', 'get /{id}/events', 'get /{id}/events/stream'],
      ...['post /{name}', 'post /{id}/cancel', 'post /{id}/retry'],
      ...['retry', 'skip', 'done'].map((decision) => `post /{id}/compensations/{step}/${decision}`),
    ];
    const at = (mount: string) => expected.map((route) => route.replace(/^(\w+) /, `$1 ${mount}`));
    expect(routes.sort()).toEqual([...at('/processes'), ...at('/admin')].sort());
  });

  it('describes parameters once each, body, answers and the problems with their schema', () => {
    const list = document.paths['/processes']?.get;
    const names = list?.parameters?.map((parameter) => (parameter as { name: string }).name);
    expect(names).toEqual(['name', 'status', 'tag', 'from', 'to', 'limit', 'cursor']);
    const start = document.paths['/processes/{name}']?.post;
    const parameters = start?.parameters as { name: string; in: string }[];
    expect(parameters.map((parameter) => `${parameter.in} ${parameter.name}`).sort()).toEqual(
      ['path name', 'query id', 'query onExisting', 'query tag', 'query wait'].sort(),
    );
    expect(start?.requestBody).toMatchObject({ content: { 'application/json': { schema: { type: 'object' } } } });
    expect(Object.keys(start?.responses ?? {})).toEqual(['200', '202', '403', '404', '409', '422', '503']);
    expect(start?.responses['422']).toMatchObject({
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/CatgaProblem' } } },
    });
    expect(document.components?.schemas?.['CatgaProblem']).toMatchObject({
      type: 'object',
      required: ['type', 'title', 'status', 'detail', 'code'],
      properties: { status: { type: 'number' }, errors: { type: 'array' } },
    });
  });

  it('files the routes under processes', () => {
    expect(document.paths['/processes']?.get?.tags).toEqual(['processes']);
  });
});
