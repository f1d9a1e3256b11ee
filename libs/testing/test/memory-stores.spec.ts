import { MemoryStore } from '@catga/core';
import { describeStoreConformance } from '@catga/testing';

for (const mode of ['reference', 'copy'] as const) {
  describeStoreConformance({
    name: `MemoryStore (${mode})`,
    payload: mode === 'copy' ? 'encoded' : 'reference',
    create: () => new MemoryStore({ mode }),
    programs: 300,
  });
}
