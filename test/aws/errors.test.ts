import { describe, expect, test } from '@jest/globals';
import { codeOf, translate } from '../../src/aws/errors.ts';
import { SluiceError, Throttled } from '../../src/contract/errors.ts';

/** As the SDK throws it. */
function answer(name: string, httpStatusCode: number, fault = 'client'): Error {
  return Object.assign(new Error(`about ${name}`), { name, $fault: fault, $metadata: { httpStatusCode } });
}
const network = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

test.each<[string, Error | string, string]>([
  ['EC2 throttling', answer('RequestLimitExceeded', 503), 'Throttled'],
  ['ECS throttling', answer('ThrottlingException', 400), 'Throttled'],
  ['Auto Scaling throttling', answer('Throttling', 400), 'Throttled'],
  ['Lambda throttling', answer('TooManyRequestsException', 429), 'Throttled'],
  ['Auto Scaling, when two changes meet', answer('ResourceContention', 500), 'Throttled'],
  ['any 429', answer('Something', 429), 'Throttled'],
  ['a server that failed', answer('ServerException', 500, 'server'), 'Unavailable'],
  ['a service that is away', answer('ServiceUnavailable', 503), 'Unavailable'],
  ['a gateway that gave up', answer('Unknown', 504), 'Unavailable'],
  ['a request that came too slowly', answer('RequestTimeout', 400), 'Unavailable'],
  ['a connection that was reset', network('ECONNRESET'), 'Unavailable'],
  ['a connection that was refused', network('ECONNREFUSED'), 'Unavailable'],
  ['a name that is not found for now', network('EAI_AGAIN'), 'Unavailable'],
  ['a name that is not found', network('ENOTFOUND'), 'Unavailable'],
  ['no answer in time', Object.assign(new Error('socket'), { name: 'TimeoutError' }), 'Unavailable'],
  [
    'credentials that cannot be fetched',
    Object.assign(new Error('imds'), { name: 'CredentialsProviderError' }),
    'Unavailable',
  ],
  [
    'an answer that nobody can read',
    Object.assign(new SyntaxError('<html>'), { $metadata: { httpStatusCode: 200 } }),
    'Unavailable',
  ],
  ['a server fault without a status', Object.assign(new Error('x'), { $fault: 'server' }), 'Unavailable'],
  ['a missing permission', answer('AccessDeniedException', 400), 'AccessDenied'],
  ['a missing permission of EC2', answer('UnauthorizedOperation', 403), 'AccessDenied'],
  ['a token that has run out', answer('ExpiredTokenException', 400), 'AccessDenied'],
  ['a wrong signature', answer('SignatureDoesNotMatch', 403), 'AccessDenied'],
  ['any 403', answer('Whatever', 403), 'AccessDenied'],
  ['no such instance', answer('InvalidInstanceID.NotFound', 400), 'NotFound'],
  ['no such cluster', answer('ClusterNotFoundException', 400), 'NotFound'],
  ['no such target group', answer('TargetGroupNotFoundException', 400), 'NotFound'],
  ['no such target group, by its code', answer('TargetGroupNotFound', 400), 'NotFound'],
  ['an input that is wrong', answer('InvalidParameterException', 400), 'Rejected'],
  ['a rule that is broken', answer('ValidationError', 400), 'Rejected'],
  ['a fault of our own', new TypeError('x is not a function'), 'Rejected'],
  ['what is no error at all', 'a string', 'Rejected'],
])('%s', (_, thrown, expected) => {
  const translated = translate(thrown, 'ECS ListTasks');
  expect(translated).toBeInstanceOf(SluiceError);
  expect(translated.name).toBe(expected);
  expect(translated.cause).toBe(thrown);
  expect(translated.message).toMatch(/^ECS ListTasks: .*\(.+\)$/);
});

describe('the code', () => {
  test.each<[string, unknown, string]>([
    ['of an answer is its name', answer('ClusterNotFoundException', 400), 'ClusterNotFoundException'],
    ['of the network is its code', network('ECONNRESET'), 'ECONNRESET'],
    [
      'of what has been translated is that of its cause',
      new Throttled('x', { cause: answer('Throttling', 400) }),
      'Throttling',
    ],
    ['of what is no error is unknown', 12, 'Unknown'],
  ])('%s', (_, thrown, expected) => expect(codeOf(thrown)).toBe(expected));
});
