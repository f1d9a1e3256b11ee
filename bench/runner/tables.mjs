/** A number with as many digits as it has meaning. */
export function shown(value, unit) {
  if (!Number.isFinite(value)) return '–';
  if (unit === '/s' || unit === 'bytes' || Math.abs(value) >= 1_000) {
    return Math.round(value).toLocaleString('en-US');
  }
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The lines of a group as rows of text: what, median, spread, bar, verdict. */
function rows(group) {
  return group.lines.map(({ title, value, min, max, unit, bar, ok, note }) => [
    title,
    value === null ? '–' : `${shown(value, unit)} ${unit}`,
    value === null ? '' : `${shown(min, unit)} – ${shown(max, unit)}`,
    bar === null ? '' : bar.replace(/\d+(\.\d+)?/, (number) => shownBar(number)),
    value === null ? note : ok === null ? '' : ok ? 'met' : 'missed',
  ]);
}

const shownBar = (text) => (text.length > 4 ? Number(text).toLocaleString('en-US') : text);
const HEAD = ['what', 'median', 'min – max', 'bar', ''];

/** For a terminal. */
export function toText(group) {
  const all = [HEAD, ...rows(group)].map((row) => row.map((cell) => cell.replaceAll('`', '')));
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const text = all.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
  return [group.title, ...text, ...(group.notes ?? []), ''].join('\n');
}

/** For the document. */
export function toMarkdown(group) {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    `### ${group.title}`,
    '',
    row(HEAD),
    '| --- | ---: | ---: | ---: | --- |',
    ...rows(group).map(row),
    '',
    [
      ...(group.notes ?? []),
      `${Math.round(group.quiet * 100)} % of the samples began while nothing else ran on the machine.`,
    ].join(' '),
  ].join('\n');
}
