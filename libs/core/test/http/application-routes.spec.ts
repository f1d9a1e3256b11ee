import 'reflect-metadata';
import type { Server } from 'node:http';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpException,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Query,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { OmitType } from '@nestjs/swagger';
import { Type as Nested } from 'class-transformer';
import { IsInt, IsString, Min, ValidateNested } from 'class-validator';
import request from 'supertest';
import { z } from 'zod';
import { DomainError } from '../../src/foundation/index.js';
import { CatgaProblemFilter, CatgaValidationPipe } from '../../src/http/index.js';
import { IdempotencyInProgressError, IdempotencyKeyReusedError, NotAuthorizedError } from '../../src/mediator/index.js';
import { MessageTimeoutError } from '../../src/resilience/index.js';
import { ADAPTERS, initApp, newAdapter } from './support/adapters.js';
import { LogLines } from './support/http-app.js';

class Line {
  @IsInt()
  @Min(1)
  readonly quantity!: number;
}

class Order {
  @IsString()
  readonly orderId!: string;

  @IsInt()
  readonly amount!: number;

  @ValidateNested({ each: true })
  @Nested(() => Line)
  readonly lines: Line[] = [];
}

class OrderDto extends OmitType(Order, ['amount']) {}

class Search {
  static readonly schema = z.object({ page: z.coerce.number().int() });
  readonly page!: number;
}

class Unruled {
  readonly anything?: string;
}

@Controller('shop')
class ShopController {
  @Post('orders')
  order(@Body() body: OrderDto): object {
    return { isOrder: body instanceof OrderDto, isLine: body.lines[0] instanceof Line, body };
  }

  @Post('unruled')
  unruled(@Body() body: Unruled): object {
    return body;
  }

  @Post('inline')
  inline(@Body({ schema: z.object({ n: z.number() }) }) body: { n: number }): object {
    return body;
  }

  @Get('search')
  search(@Query() query: Search): object {
    return { page: query.page };
  }

  @Get('items/:id')
  item(@Param('id', ParseIntPipe) id: number): object {
    return { id };
  }

  @Get('fail/:how')
  fail(@Param('how') how: string): never {
    const failures: Record<string, Error> = {
      plain: new NotFoundException('No such thing'),
      bare: new HttpException('Gone fishing', 418),
      list: new BadRequestException(['first', 'second']),
      coded: new HttpException({ code: 'OUT_OF_STOCK', message: 'None left', productId: 7n, stack: 'at x.ts' }, 409),
      hostile: new HttpException({ message: 'm', status: 'weird', type: 'x', title: 5 }, 400),
      refused: new DomainError('Declined', { code: 'CARD_DECLINED' }),
      broken: new TypeError('secret detail'),
      forbidden: new NotAuthorizedError('PayOrder', 'AdminsOnly'),
      busy: new IdempotencyInProgressError('PayOrder', 'k1'),
      reused: new IdempotencyKeyReusedError('PayOrder', 'k1'),
      slow: new MessageTimeoutError('PayOrder', 'PayOrderHandler', 50),
    };
    throw failures[how] as Error;
  }
}

describe.each(ADAPTERS)('the filter and the pipe in an application of their own on %s', (adapter) => {
  let app: INestApplication;
  let http: ReturnType<typeof request>;
  const logs = new LogLines();

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      controllers: [ShopController],
      providers: [
        { provide: APP_FILTER, useClass: CatgaProblemFilter },
        { provide: APP_PIPE, useClass: CatgaValidationPipe },
      ],
    })
      .setLogger(logs)
      .compile();
    app = module.createNestApplication(newAdapter(adapter));
    await initApp(app);
    http = request(app.getHttpServer() as Server);
  });

  afterAll(() => app.close());

  it.each([
    ['plain', 404, { code: 'NOT_FOUND', title: 'Not Found', detail: 'No such thing' }],
    ['bare', 418, { code: 'I_M_A_TEAPOT', detail: 'Gone fishing' }],
    [
      'list',
      400,
      { code: 'BAD_REQUEST', detail: 'first; second', errors: [{ message: 'first' }, { message: 'second' }] },
    ],
    ['coded', 409, { code: 'OUT_OF_STOCK', detail: 'None left', productId: '7' }],
    ['hostile', 400, { status: 400, title: 'Bad Request', type: 'urn:catga:problem:BAD_REQUEST' }],
    ['refused', 422, { code: 'CARD_DECLINED', detail: 'Declined' }],
    ['forbidden', 403, { code: 'CATGA_NOT_AUTHORIZED', detail: expect.stringContaining('AdminsOnly said no') }],
    ['busy', 409, { code: 'CATGA_IDEMPOTENCY_IN_PROGRESS', detail: expect.stringContaining('in a moment') }],
    ['reused', 422, { code: 'CATGA_IDEMPOTENCY_KEY_REUSED', detail: expect.stringContaining('one intent') }],
    ['slow', 504, { code: 'CATGA_MESSAGE_TIMEOUT', detail: expect.stringContaining('within 50 ms') }],
    ['broken', 500, { code: 'INTERNAL_SERVER_ERROR' }],
  ])('answers a %s error with %i as a problem', async (how, status, problem) => {
    const { body, headers, text } = await http.get(`/shop/fail/${how}?token=abc`).expect(status);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body).toMatchObject({ ...problem, instance: `/shop/fail/${how}` });
    expect(text).not.toMatch(/x\.ts|secret detail|token/);
  });

  it('logs what is the fault of the server and nothing else', async () => {
    logs.lines.length = 0;
    await http.get('/shop/fail/plain');
    await http.get('/shop/fail/refused');
    expect(logs.lines).toEqual([]);
    await http.get('/shop/fail/broken');
    expect(logs.lines.join()).toContain('secret detail');
  });

  it('answers for routes that are not there and for bodies that are no JSON', async () => {
    const missing = await http.get('/nowhere').expect(404);
    expect(missing.headers['content-type']).toContain('application/problem+json');
    const malformed = await http.post('/shop/orders').type('json').send('{"a":').expect(400);
    expect(malformed.body).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });

  it('makes instances of the class, nested ones and defaults included', async () => {
    const { body } = await http
      .post('/shop/orders')
      .send({ orderId: '1', lines: [{ quantity: 2 }] })
      .expect(201);
    expect(body).toEqual({ isOrder: true, isLine: true, body: { orderId: '1', lines: [{ quantity: 2 }] } });
    const bare = await http.post('/shop/orders').send({ orderId: '1' }).expect(201);
    expect(bare.body).toMatchObject({ body: { lines: [] } });
  });

  it('answers 422 with the path of each fault of a body', async () => {
    const { body } = await http
      .post('/shop/orders')
      .send({ orderId: 7, lines: [{ quantity: 0 }] })
      .expect(422);
    const paths = (body as { errors: { path: string }[] }).errors.map(({ path }) => path);
    expect(paths.sort()).toEqual(['lines.0.quantity', 'orderId']);
    const inline = await http.post('/shop/inline').send({ n: 'x' }).expect(422);
    expect(inline.body).toMatchObject({ code: 'CATGA_INVALID_BODY', errors: [{ path: 'n' }] });
  });

  it('answers 400 with the path of each fault of a query, and gives what the schema made of it', async () => {
    const wrong = await http.get('/shop/search?page=x').expect(400);
    expect(wrong.body).toMatchObject({ code: 'CATGA_INVALID_QUERY', errors: [{ path: 'page' }] });
    const right = await http.get('/shop/search?page=3').expect(200);
    expect(right.body).toEqual({ page: 3 });
  });

  it('leaves classes without rules and other pipes alone', async () => {
    await http.post('/shop/unruled').send({ anything: 1, more: true }).expect(201, { anything: 1, more: true });
    await http.get('/shop/items/7').expect(200, { id: 7 });
    const wrong = await http.get('/shop/items/x').expect(400);
    expect(wrong.body).toMatchObject({ code: 'BAD_REQUEST' });
  });
});
