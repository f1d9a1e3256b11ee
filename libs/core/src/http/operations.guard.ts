import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { OperationsClosedError } from './http.errors.js';
import type { OperationsGate } from './operations-gate.js';

/** Refuses requests that change something while the gate is closed. */
export class OperationsGuard implements CanActivate {
  constructor(private readonly gate: () => OperationsGate) {}

  canActivate(context: ExecutionContext): boolean {
    const { method } = context.switchToHttp().getRequest<{ method: string }>();
    if (method === 'GET' || method === 'HEAD') return true;
    const gate = this.gate();
    if (!gate.open) throw new OperationsClosedError(gate.why);
    return true;
  }
}
