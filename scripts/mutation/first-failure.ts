/** Ends jest with the first test that fails: one is enough to know, and a machine that goes round and round fails slowly. */
export default class FirstFailure {
  onTestCaseResult(_test: unknown, { status }: { readonly status: string }): void {
    if (status === 'failed') process.exit(1);
  }
}
