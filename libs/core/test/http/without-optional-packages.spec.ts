import 'reflect-metadata';
import type { Server } from 'node:http';
import { jest } from '@jest/globals';
import request from 'supertest';
import { Command } from '../../src/messages/index.js';

/** As Node says it when a package is not installed. */
const missing = (name: string) => (): never => {
  throw Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' });
};

class Plain extends Command<string> {
  readonly currency = 'EUR';
  constructor(readonly orderId: string) {
    super();
  }
}

describe('the endpoints where class-validator, class-transformer, swagger and terminus are not installed', () => {
  it('start processes all the same, with the defaults of the command class', async () => {
    for (const name of ['class-validator', 'class-transformer', '@nestjs/swagger', '@nestjs/terminus']) {
      jest.unstable_mockModule(name, missing(name));
    }
    const { httpApp } = await import('./support/http-app.js');
    const { app, processes } = await httpApp();
    processes.commands.set('PlainProcess', Plain);
    const http = request(app.getHttpServer() as Server);
    await http.post('/processes/PlainProcess').send({ orderId: '1' }).expect(202);
    const command = processes.calls[0]?.[2];
    expect(command).toBeInstanceOf(Plain);
    expect(command).toEqual({ orderId: '1', currency: 'EUR' });
    await app.close();
  });
});
