/** The status of a deployment on GitHub, which follows the work. Whatever goes wrong here never fails the work itself. */
import type { Outcome } from './outcome.ts';

type State = 'in_progress' | 'success' | 'failure' | 'error';

export interface DeploymentStatus {
  begin(): Promise<void>;
  end(outcome: Outcome): Promise<void>;
}

export interface DeploymentOptions {
  readonly token: string;
  readonly deploymentId: number;
  readonly workflow: string;
  /** `owner/name` */
  readonly repository: string;
  /** Where the log is. */
  readonly logUrl: string | undefined;
  warn(message: string): void;
}

const STATES: Readonly<Record<Outcome['status'], State>> = {
  running: 'in_progress',
  succeeded: 'success',
  'timed-out': 'failure',
  refused: 'failure',
  failed: 'failure',
  stopped: 'error',
};

/** What GitHub takes. */
const LONGEST_DESCRIPTION = 140;
const TIMEOUT_MS = 3_000;

export function deploymentStatus(options: DeploymentOptions): DeploymentStatus {
  const { token, deploymentId, repository, logUrl, workflow } = options;
  const [owner = '', repo = ''] = repository.split('/');
  const set = async (state: State, description: string): Promise<void> => {
    try {
      // Most steps set no status, and are spared the client.
      const { getOctokit } = await import('@actions/github');
      await getOctokit(token, {
        request: { signal: AbortSignal.timeout(TIMEOUT_MS) },
      }).rest.repos.createDeploymentStatus({
        owner,
        repo,
        deployment_id: deploymentId,
        state,
        description: description.slice(0, LONGEST_DESCRIPTION),
        ...(logUrl === undefined ? {} : { log_url: logUrl }),
      });
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      options.warn(
        `The status of deployment ${deploymentId} could not be set to ${state}: ${found}. The token needs deployments: write.`,
      );
    }
  };
  // The later status must not arrive first.
  let last = Promise.resolve();
  const afterwards = (state: State, description: string): Promise<void> => {
    last = last.then(() => set(state, description));
    return last;
  };
  return {
    begin: () => afterwards('in_progress', `${workflow} has begun`),
    end: ({ status, reason }) => afterwards(STATES[status], `${workflow}: ${status}, ${reason}`),
  };
}
