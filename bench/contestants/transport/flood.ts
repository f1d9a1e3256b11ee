/** Calls so many times, with so many under way at once. */
export async function flood(
  times: number,
  inFlight: number,
  call: (number: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < times) await call(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, client));
}
