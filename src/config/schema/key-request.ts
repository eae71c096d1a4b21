/** The schema of how an issuer's keys are requested: where the metadata is, TLS, header fields. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { parseFieldName } from './field-name.js';
import { hostName } from './listen.js';
import { parseDocumentUrl } from './url.js';
import { flag, phrase, words } from './values.js';

const fieldName = z.string().superRefine((text, context) => {
  const name = parseFieldName(text);
  if (name instanceof ParseError) context.addIssue({ code: 'custom', message: name.text });
});

/** Errors do not repeat the value, which may be a credential. */
const fieldValue = phrase((text) => {
  const value = text.trim();
  if (value === '') return new ParseError('must not be empty');
  return /^[\x20-\x7e\t]*$/.test(value) ? value : new ParseError('must be visible ASCII');
}, 'a text');

const fields = z.record(fieldName, fieldValue).superRefine((record, context) => {
  const seen = new Set<string>();
  for (const key of Object.keys(record)) {
    if (seen.has(key.toLowerCase())) {
      const message = `"${key}" is set twice; names do not differ by case`;
      context.addIssue({ code: 'custom', path: [key], message });
    }
    seen.add(key.toLowerCase());
  }
});

/** The keys of an issuer that say how its keys are requested. */
export const keyRequest = {
  discovery: phrase(parseDocumentUrl, 'a URL')
    .optional()
    .describe(
      "The URL of its OpenID discovery metadata, where it is not the issuer's URL with " +
        '/.well-known/openid-configuration (Azure AD B2C).',
    ),
  insecure_http: flag()
    .default(false)
    .describe(
      'true: its keys and metadata may be read over http from a host that is not loopback. Each start logs a warning, and check prints one.',
    ),
  tls: z
    .strictObject({
      ca: words('a file path')
        .optional()
        .describe(
          "The authorities that its certificates are verified with, a PEM file; absent: the system's.",
        ),
      cert: words('a file path').optional().describe("The gateway's client certificate chain, a PEM file."),
      key: words('a file path').optional().describe("That certificate's private key, a PEM file."),
      server_name: hostName()
        .optional()
        .describe("The name that the certificate at the URL in the file must have; absent: the URL's host."),
    })
    .optional()
    .describe('TLS settings for the requests for its keys and metadata.'),
  headers: fields
    .optional()
    .describe(
      'Header fields of the requests for its keys and metadata: {Authorization: "Bearer ${K8S_TOKEN}"}. Sent to the ' +
        'origin in the file alone; never logged.',
    ),
};
