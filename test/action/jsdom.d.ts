declare module 'jsdom' {
  /** A document model, as a browser has it. */
  export class JSDOM {
    readonly window: { readonly document: object };
    constructor(html: string);
  }
}
