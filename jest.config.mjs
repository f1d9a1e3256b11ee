// Native ESM, straight from source: `@catga/*` resolves to libs/*/src through the "@catga/source" condition.
const swc = [
  '@swc/jest',
  {
    sourceMaps: 'inline',
    module: { type: 'es6' },
    jsc: {
      // Native async must survive: the process engine reads the compiled source of `execute`.
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      keepClassNames: true,
    },
    swcrc: false,
  },
];

const project = (displayName, testMatch) => ({
  displayName,
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  testMatch,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
  testEnvironmentOptions: { customExportConditions: ['@catga/source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/libs/[^/]+/dist/', '<rootDir>/apps/[^/]+/dist/'],
});

export default {
  projects: [
    project('core', ['<rootDir>/libs/core/test/**/*.spec.ts']),
    project('sqlite', ['<rootDir>/libs/sqlite/test/**/*.spec.ts']),
    project('redis', ['<rootDir>/libs/redis/test/**/*.spec.ts']),
    project('nats', ['<rootDir>/libs/nats/test/**/*.spec.ts']),
    project('testing', ['<rootDir>/libs/testing/test/**/*.spec.ts']),
    project('sample-order', ['<rootDir>/apps/sample-order/test/**/*.spec.ts']),
    project('workspace', ['<rootDir>/test/**/*.spec.ts']),
  ],
  testTimeout: 30_000,
  workerIdleMemoryLimit: '512MB',
  coverageProvider: 'v8',
};
