interface Verdict {
  line: string;
  problems: string[];
}
// Not a literal: TypeScript need not find types of a tool that is plain JavaScript.
const module: string = '../../tools/test/outcome.mjs';
const { judge } = (await import(module)) as { judge: (report: object | undefined, args: string[]) => Verdict };

const clean = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numTotalTests: 3,
  numRuntimeErrorTestSuites: 0,
  testResults: [],
};

describe('the verdict of npm test', () => {
  it('is good when every test ran and passed', () => {
    expect(judge(clean, [])).toEqual({ line: '3 passed, 0 failed', problems: [] });
  });

  it('counts a file that could not be loaded as a failure although Jest counts no failed test', () => {
    const verdict = judge({ ...clean, numRuntimeErrorTestSuites: 2, numFailedTests: 1 }, []);
    expect(verdict.line).toBe('3 passed, 3 failed');
    expect(verdict.problems).toHaveLength(1);
  });

  it('is bad when no test ran, when there is no report, and when a test is skipped or todo', () => {
    expect(judge({ ...clean, numPassedTests: 0, numTotalTests: 0 }, []).problems).toHaveLength(1);
    expect(judge(undefined, []).problems).toHaveLength(1);
    const testResults = [{ assertionResults: [{ status: 'pending', fullName: 'store keeps its word' }] }];
    const skipped = judge({ ...clean, numPendingTests: 1, testResults }, []);
    expect(skipped.problems[0]).toContain('store keeps its word');
    expect(judge({ ...clean, numTodoTests: 1 }, []).problems).toHaveLength(1);
  });

  it('does not blame tests that a name pattern left out', () => {
    expect(judge({ ...clean, numPendingTests: 9 }, ['-t', 'keeps its word']).problems).toEqual([]);
    expect(judge({ ...clean, numPendingTests: 9 }, ['--testNamePattern=keeps']).problems).toEqual([]);
  });
});
