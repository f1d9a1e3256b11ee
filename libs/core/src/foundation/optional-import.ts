/**
 * A package that need not be installed: the first call imports it, later calls give the same promise. Answers
 * `undefined` when it is not there. A package that is there and broken still throws: silence would hide it.
 *
 * @param load a function with a literal `import('name')`, which bundlers and the type checker see.
 */
export function optionalImport<T>(load: () => Promise<T>): () => Promise<T | undefined> {
  let loaded: Promise<T | undefined> | undefined;
  return () => (loaded ??= load().catch(undefinedWhenMissing));
}

function undefinedWhenMissing(error: unknown): undefined {
  const { code } = error as { code?: unknown };
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return undefined;
  throw error;
}
