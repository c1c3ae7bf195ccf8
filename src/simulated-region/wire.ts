/**
 * AWS's wire: which operation a request asks for, with what input, and how its answer or error is written. Generic over
 * the services; shapes come from the schemas that the SDK's clients ship.
 */
import type { OperationModel, ServiceModel } from './service.ts';
import { ServiceError } from './service.ts';
import { decodeJson, encodeJson } from './wire/json.ts';
import type { CredentialScope, WireRequest, WireResponse } from './wire/messages.ts';
import { bodyText, credentialScope, header } from './wire/messages.ts';
import { decodeQuery } from './wire/query.ts';
import type { Structure } from './wire/shapes.ts';
import { operationShapes } from './wire/shapes.ts';
import { element, escapeXml, structureContent } from './wire/xml.ts';

/** What a request addresses, before its input is read: known even if the input is wrong. */
export interface Addressed {
  readonly scope: CredentialScope;
  readonly service: ServiceModel;
  readonly operationName: string;
  readonly operation: OperationModel;
  readonly readInput: () => Structure;
}

/** A refusal that came before a service was found keeps the form of the protocol that the request seems to speak. */
export class Unaddressed extends Error {
  override readonly name = 'Unaddressed';
  readonly fault: ServiceError;
  readonly service: Pick<ServiceModel, 'id' | 'protocol' | 'xmlNamespace'>;
  readonly operationName: string;
  constructor(fault: ServiceError, service: Unaddressed['service'], operationName: string) {
    super(fault.message);
    this.fault = fault;
    this.service = service;
    this.operationName = operationName;
  }
}

/**
 * Finds the service by X-Amz-Target, or by the SigV4 credential scope and the Version of a Query request; never by host.
 * @throws Unaddressed
 */
export function address(services: readonly ServiceModel[], request: WireRequest): Addressed {
  const target = header(request, 'x-amz-target');
  const scope = credentialScope(request);
  return target === undefined ? addressQuery(services, request, scope) : addressJson(services, request, scope, target);
}

function addressJson(
  services: readonly ServiceModel[],
  request: WireRequest,
  scope: CredentialScope | undefined,
  target: string,
): Addressed {
  const dot = target.lastIndexOf('.');
  const operationName = target.slice(dot + 1);
  const service = services.find((each) => each.target === target.slice(0, dot));
  const protocol = header(request, 'content-type')?.includes('1.0') ? 'json-1.0' : 'json-1.1';
  const refuse = (code: string, message: string, status = 400): never => {
    throw new Unaddressed(
      new ServiceError(code, message, status),
      service ?? { id: scope?.service ?? 'unknown', protocol },
      operationName,
    );
  };
  if (!service) return refuse('UnknownOperationException', `No service of this region answers to ${target}`, 404);
  if (!scope) return refuse('MissingAuthenticationTokenException', 'Missing Authentication Token', 403);
  const operation = service.operations[operationName];
  if (!operation) return refuse('UnknownOperationException', `${service.id} has no operation ${operationName} here`);
  const shape = operationShapes(operation.schema).input;
  const context = { service: service.id, protocol: service.protocol };
  return { scope, service, operationName, operation, readInput: () => decodeJson(context, shape, bodyText(request)) };
}

function addressQuery(
  services: readonly ServiceModel[],
  request: WireRequest,
  scope: CredentialScope | undefined,
): Addressed {
  const queryString = request.path.includes('?') ? request.path.slice(request.path.indexOf('?') + 1) : '';
  const form = new URLSearchParams(request.method === 'GET' ? queryString : bodyText(request));
  const action = form.get('Action') ?? '';
  const version = form.get('Version');
  const named = services.filter((each) => each.id === scope?.service && each.protocol.endsWith('query'));
  const service = named.find((each) => each.target === version) ?? (version === null ? named[0] : undefined);
  const refuse = (code: string, message: string, status = 400): never => {
    const ec2 = scope?.service === 'ec2';
    throw new Unaddressed(
      new ServiceError(code, message, status),
      service ?? { id: scope?.service ?? 'unknown', protocol: ec2 ? 'ec2-query' : 'query' },
      action,
    );
  };
  if (!scope) return refuse('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
  if (action === '') return refuse('MissingAction', 'The request is missing an Action');
  if (!service) {
    return refuse('InvalidAction', `No service of this region answers to ${scope.service} ${version ?? ''} ${action}`);
  }
  const operation = service.operations[action];
  if (!operation) {
    return refuse(
      'InvalidAction',
      `The action ${action} is not valid for this web service: ${service.id} lacks it here`,
    );
  }
  const shape = operationShapes(operation.schema).input;
  const context = { service: service.id, protocol: service.protocol };
  return { scope, service, operationName: action, operation, readInput: () => decodeQuery(context, shape, form) };
}

export function encodeOutput(
  service: ServiceModel,
  operationName: string,
  operation: OperationModel,
  output: unknown,
  requestId: string,
): WireResponse {
  const shape = operationShapes(operation.schema).output;
  if (service.protocol === 'json-1.0' || service.protocol === 'json-1.1') {
    return json(service.protocol, 200, encodeJson(shape, output), requestId);
  }
  const content = shape.isUnitSchema() ? '' : structureContent(shape, (output ?? {}) as Structure);
  const namespace = service.xmlNamespace ? ` xmlns="${service.xmlNamespace}"` : '';
  if (service.protocol === 'ec2-query') {
    return xml(
      200,
      element(`${operationName}Response`, element('requestId', requestId) + content, namespace),
      requestId,
    );
  }
  const result = shape.isUnitSchema() ? '' : element(`${operationName}Result`, content);
  const metadata = element('ResponseMetadata', element('RequestId', requestId));
  return xml(200, element(`${operationName}Response`, result + metadata, namespace), requestId);
}

export function encodeError(
  service: Pick<ServiceModel, 'protocol' | 'xmlNamespace'>,
  fault: ServiceError,
  requestId: string,
): WireResponse {
  if (service.protocol === 'json-1.0' || service.protocol === 'json-1.1') {
    const body = JSON.stringify({ __type: fault.code, message: fault.message, ...fault.members });
    return json(service.protocol, fault.status, body, requestId);
  }
  const code = element('Code', escapeXml(fault.code));
  const message = element('Message', escapeXml(fault.message));
  if (service.protocol === 'ec2-query') {
    const errors = element('Errors', element('Error', code + message));
    return xml(fault.status, element('Response', errors + element('RequestID', requestId)), requestId);
  }
  const type = element('Type', fault.status < 500 ? 'Sender' : 'Receiver');
  const namespace = service.xmlNamespace ? ` xmlns="${service.xmlNamespace}"` : '';
  const error = element('Error', type + code + message);
  return xml(fault.status, element('ErrorResponse', error + element('RequestId', requestId), namespace), requestId);
}

function json(protocol: 'json-1.0' | 'json-1.1', status: number, body: string, requestId: string): WireResponse {
  const type = `application/x-amz-${protocol}`;
  return { status, headers: { 'content-type': type, 'x-amzn-requestid': requestId }, body };
}

function xml(status: number, body: string, requestId: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}
