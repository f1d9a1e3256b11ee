import { codesIn, codesOfPackages, rowsOf } from './support/error-codes.js';
import { readPage } from './support/guide.js';

describe('the page of error codes', () => {
  const rows = rowsOf(readPage('docs/errors.md'));

  it('has each code of the packages once, and no other', () => {
    expect(rows.map(({ code }) => code).sort()).toEqual(codesOfPackages());
  });

  it('says of each what to do', () => {
    expect(rows.filter(({ advice }) => advice.length < 5)).toEqual([]);
  });
});

describe('the search for codes', () => {
  it('finds codes that are spelled out, and codes made of a reason', () => {
    const text = `
      class Gone { readonly code = 'CATGA_GONE'; }
      type ThingUnavailableReason = 'closed' | 'disk-full';
      const code = \`CATGA_THING_\${reason}\`;
      // CATGA_ONLY_SAID
    `;
    expect(codesIn(text)).toEqual(['CATGA_GONE', 'CATGA_THING_CLOSED', 'CATGA_THING_DISK_FULL']);
  });

  it('does not pass over a code whose reasons it cannot find', () => {
    expect(() => codesIn('const code = `CATGA_THING_${reason}`;')).toThrow('CATGA_THING_');
  });
});
