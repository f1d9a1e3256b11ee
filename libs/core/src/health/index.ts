// Entry point `@catga/core/health`: apart from the main one, which must load without @nestjs/terminus.
export { CatgaHealthIndicator } from './catga-health.indicator.js';
export { CatgaHealthModule } from './catga-health.module.js';
export type { HealthPart, PartHealth } from './health-parts.js';
export type { CatgaHealthOptions } from './health.options.js';
