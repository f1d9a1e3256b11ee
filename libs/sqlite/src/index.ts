export { CatgaSqliteModule } from './catga-sqlite.module.js';
export { InvalidNameError } from './sqlite.errors.js';
export type { SqliteStoreOptions } from './sqlite-store.options.js';
export { SqliteStore } from './sqlite-store.js';
