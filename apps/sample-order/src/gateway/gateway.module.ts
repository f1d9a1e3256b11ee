import { Module } from '@nestjs/common';
import { Gateway } from './gateway.js';

/** The simulated network to the outside, shared by the services that need one. */
@Module({ providers: [Gateway], exports: [Gateway] })
export class GatewayModule {}
