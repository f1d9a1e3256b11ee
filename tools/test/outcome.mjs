/** Options with which a run leaves tests out on purpose; what was left out is then no fault. */
const NARROWING = /^(-t|--testNamePattern|-f|--onlyFailures)(=|$)/;

/**
 * What a run of Jest came to, from its `--json` report.
 *
 * @param report parsed report, or undefined when Jest wrote none.
 * @param args what the developer asked Jest for.
 * @returns the closing line and the reasons why the run is no success (none: it is one).
 */
export function judge(report, args) {
  if (!report) return { line: '0 passed, 1 failed', problems: ['Jest ended without a report: see its output above.'] };
  const broken = report.numRuntimeErrorTestSuites ?? 0; // a file that cannot be loaded counts no test at all
  const failed = report.numFailedTests + broken;
  const skipped = report.numPendingTests + report.numTodoTests;
  const problems = [];
  if (failed > 0)
    problems.push(`${failed} failed${broken > 0 ? ` (${broken} of them files that could not be run)` : ''}.`);
  if (report.numTotalTests === 0) problems.push('No test ran: the pattern matches none, or the files are missing.');
  if (skipped > 0 && !args.some((arg) => NARROWING.test(arg))) {
    problems.push(`${skipped} skipped or todo; a test is written and run, or not there:\n${namesOfSkipped(report)}`);
  }
  return { line: `${report.numPassedTests} passed, ${failed} failed`, problems };
}

function namesOfSkipped(report) {
  return report.testResults
    .flatMap((file) => file.assertionResults)
    .filter((test) => test.status === 'pending' || test.status === 'todo' || test.status === 'skipped')
    .map((test) => `  - ${test.fullName}`)
    .join('\n');
}
