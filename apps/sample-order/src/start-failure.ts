import { isCatgaError } from '@catga/core';
import { ConfigurationError } from './configuration.js';

/** What the operating system says when the address cannot be listened on. */
type ListenError = Error & { readonly code?: string; readonly address?: string; readonly port?: number };

/** One line for whoever has started the sample; an error that nobody has foreseen keeps its stack. */
export function whyNotStarted(error: unknown): string {
  return `The sample cannot start: ${reasonOf(error)}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigurationError || isCatgaError(error)) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as ListenError;
  if (code === 'EADDRINUSE') {
    return `port ${port} of ${address} is in use, perhaps by another sample. End that one, or set PORT to another port.`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `port ${port} of ${address} is not open to this user. Set PORT to one above 1023.`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `there is no address ${address ?? ''} here to listen on (${error.message}). Set HOST to one of this machine.`;
  }
  return error.stack ?? error.message;
}
