import { Logger, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Configuration } from './configuration.js';
import { whyNotStarted } from './start-failure.js';

let app: INestApplication | undefined;
try {
  const { host, port } = new Configuration();
  // Not before the settings have been read: the modules are put together by them.
  const { AppModule } = await import('./app.module.js');
  app = await NestFactory.create(AppModule, { abortOnError: false });
  app.enableShutdownHooks();

  const openApi = new DocumentBuilder().setTitle('sample-order').setDescription('Orders that survive kill -9').build();
  const documented = app;
  SwaggerModule.setup('api', app, () => SwaggerModule.createDocument(documented, openApi));

  await app.listen(port, host);
  new Logger('Sample').log(`Listening on ${await app.getUrl()} (documentation at /api)`);
} catch (error) {
  console.error(whyNotStarted(error));
  // What it has taken in the meantime, such as leases, goes to the other nodes at once.
  await app?.close().catch(() => undefined);
  process.exit(1);
}
