import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AppModule } from './app.module.js';
import { Configuration } from './configuration.js';

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();

const openApi = new DocumentBuilder().setTitle('sample-order').setDescription('Orders that survive kill -9').build();
SwaggerModule.setup('api', app, () => SwaggerModule.createDocument(app, openApi));

const { host, port } = app.get(Configuration);
await app.listen(port, host);
new Logger('Sample').log(`Listening on ${await app.getUrl()} (documentation at /api)`);
