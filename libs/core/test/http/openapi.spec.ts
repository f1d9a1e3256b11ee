import 'reflect-metadata';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { CatgaProcessesHttpModule, createProjectionsController } from '../../src/http/index.js';
import { ProjectionManager } from '../../src/projections/index.js';
import { httpApp } from './support/http-app.js';

describe('the OpenAPI document', () => {
  let document: OpenAPIObject;

  beforeAll(async () => {
    const second = CatgaProcessesHttpModule.forRoot({ path: 'admin' });
    const { app } = await httpApp(undefined, {
      imports: [second],
      controllers: [createProjectionsController(), createProjectionsController({ path: 'admin/projections' })],
      providers: [{ provide: ProjectionManager, useValue: { names: [] } }],
    });
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
    const ofProjections = [
      ...['get ', 'get /{name}', 'get /{name}/dead-letters', 'get /{name}/dead-letters/{id}'],
      ...['pause', 'resume', 'rebuild', 'rebuild/cancel'].map((operation) => `post /{name}/${operation}`),
      ...['replay', 'discard'].map((operation) => `post /{name}/dead-letters/{id}/${operation}`),
    ];
    const projectionsAt = (mount: string) => ofProjections.map((route) => route.replace(' ', ` ${mount}`));
    expect(routes.sort()).toEqual(
      [
        ...[...at('/processes'), ...at('/admin')],
        ...[...projectionsAt('/projections'), ...projectionsAt('/admin/projections')],
      ].sort(),
    );
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

  it('says of projections what they answer, and the problems of every operation', () => {
    const pause = document.paths['/projections/{name}/pause']?.post;
    expect(pause?.requestBody).toMatchObject({
      content: { 'application/json': { schema: { properties: { by: { type: 'string' } } } } },
    });
    const answers = Object.fromEntries(
      Object.entries(document.paths)
        .filter(([path]) => path.startsWith('/projections'))
        .flatMap(([path, item]) =>
          Object.entries(item).map(([method, operation]) => [
            `${method} ${path.replace('/projections', '')}`,
            Object.keys((operation as { responses: object }).responses).join(' '),
          ]),
        ),
    );
    expect(answers).toEqual({
      'get ': '200',
      'get /{name}': '200 404',
      'post /{name}/pause': '200 403 404 409 422',
      'post /{name}/resume': '200 403 404',
      'post /{name}/rebuild': '202 403 404',
      'post /{name}/rebuild/cancel': '200 403 404',
      'get /{name}/dead-letters': '200 400 404',
      'get /{name}/dead-letters/{id}': '200 404',
      'post /{name}/dead-letters/{id}/replay': '200 403 404 409',
      'post /{name}/dead-letters/{id}/discard': '204 403 404 409',
    });
    expect(document.paths['/projections/{name}/rebuild']?.post?.responses['403']).toMatchObject({
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/CatgaProblem' } } },
    });
    const letters = document.paths['/projections/{name}/dead-letters']?.get?.parameters as { name: string }[];
    expect(letters.map(({ name }) => name).sort()).toEqual(['cursor', 'limit', 'name']);
  });

  it('files the routes under processes and projections', () => {
    expect(document.paths['/processes']?.get?.tags).toEqual(['processes']);
    expect(document.paths['/admin/projections']?.get?.tags).toEqual(['projections']);
  });
});
