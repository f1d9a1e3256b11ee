export async function sqlite() {
  return { title: 'Embedded store', quiet: 0, lines: [] };
}
