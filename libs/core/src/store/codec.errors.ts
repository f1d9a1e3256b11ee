import { CatgaError, type CatgaErrorOptions } from '../foundation/index.js';

/** A value that would not come back as it was. Nothing was written. */
export class UnencodableValueError extends CatgaError {
  readonly code = 'CATGA_UNENCODABLE_VALUE';
  readonly kind = 'business';
  constructor(
    /** Where in the value, `$` being the value itself: `$.items[2].price`. */
    readonly path: string,
    /** What is there and what to do about it. */
    readonly reason: string,
    options?: CatgaErrorOptions,
  ) {
    super(`${path} cannot be stored: ${reason}`, { ...options, details: { path, reason } });
  }
}

/** A stored payload that the codec cannot read: written by another codec, or damaged. */
export class UndecodablePayloadError extends CatgaError {
  readonly code = 'CATGA_UNDECODABLE_PAYLOAD';
  readonly kind = 'internal';
  constructor(codec: string, reason: string, options?: CatgaErrorOptions) {
    super(
      `A stored payload is not what the codec "${codec}" writes: ${reason}. Read it with the codec that wrote it, or look at it in the store.`,
      { ...options, details: { codec, reason } },
    );
  }
}

/** A stored value of a type that this codec was not told about. */
export class UnknownCodecTypeError extends CatgaError {
  readonly code = 'CATGA_UNKNOWN_CODEC_TYPE';
  readonly kind = 'configuration';
  constructor(name: string, path: string) {
    super(
      `${path} was stored as type "${name}", which this codec does not know. Register it as when it was written: codec.registerType(${name}, { name: '${name}' }).`,
      { details: { name, path } },
    );
  }
}

/** Two types under one name, or one class twice. */
export class CodecTypeConflictError extends CatgaError {
  readonly code = 'CATGA_CODEC_TYPE_CONFLICT';
  readonly kind = 'configuration';
  constructor(name: string, reason: string) {
    super(`Type "${name}" cannot be registered with the codec: ${reason}. Choose another name.`, { details: { name } });
  }
}
