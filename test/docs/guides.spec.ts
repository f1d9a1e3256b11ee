import { blocksOf, pages, readPage, unknownBlocks } from './support/guide.js';

/** Which files hold the code of a page. The type check compiles them, and specs beside this one run them. */
const guides = [
  {
    page: 'docs/aggregates.md',
    files: ['order.example.ts', 'aggregates.example.ts', 'cart.example.ts', 'aggregates.spec.ts'],
  },
  { page: 'docs/coordination.md', files: ['coordination.example.ts'] },
  { page: 'docs/event-log.md', files: ['event-log.spec.ts'] },
  { page: 'docs/schema-evolution.md', files: ['event-log.spec.ts'] },
  { page: 'docs/testing.md', files: ['testing/memory-history.example.ts', 'testing/file-history.example.ts'] },
  { page: 'docs/messaging.md', files: ['messaging.example.ts'] },
  {
    page: 'docs/microservices.md',
    files: [
      'microservices/nats.example.ts',
      'microservices/billing.controller.example.ts',
      'microservices/billing.example.ts',
      'microservices/shop.example.ts',
      'microservices/hybrid.example.ts',
      'microservices/dead-letters.example.ts',
    ],
  },
  { page: 'docs/time-travel.md', files: ['time-travel.example.ts'] },
  {
    page: 'docs/privacy.md',
    files: [
      'privacy/app-module.example.ts',
      'privacy/customer-registered.example.ts',
      'privacy/forget.example.ts',
      'privacy/patient-admitted.example.ts',
      'privacy/rewrap-keys.example.ts',
    ],
  },
  { page: 'docs/projections.md', files: ['projections.example.ts', 'projections.spec.ts'] },
  { page: 'README.md', heading: 'An aggregate and its read model', files: ['readme.example.ts'] },
];

/** Pages with code that is only read so far. The list may get shorter. */
const onlyRead = ['docs/endpoints.md', 'docs/mediator.md', 'docs/processes.md', 'docs/stores.md'];

describe('the guides', () => {
  it.each(guides)('show code that tests compile and run: $page', ({ page, heading, files }) => {
    const text = readPage(page, heading);
    expect(blocksOf(text).length).toBeGreaterThan(0);
    expect(unknownBlocks(text, files)).toEqual([]);
  });

  it('are all looked at', () => {
    const withCode = pages().filter((page) => blocksOf(readPage(page)).length > 0);
    const known = [...guides.map(({ page }) => page), ...onlyRead];
    expect(withCode.filter((page) => !known.includes(page))).toEqual([]);
  });

  it('do not pass with a block that is in none of the files', () => {
    const page = readPage('docs/projections.md');
    const changed = page.replace("readModel<OrderView>('orders'", "readModel<OrderView>('order'");
    expect(unknownBlocks(changed, ['projections.example.ts', 'projections.spec.ts'])).toHaveLength(1);
  });
});
