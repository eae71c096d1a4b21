/** The schema of how an issuer's keys are requested: where the metadata is, TLS, header fields. */
import { z } from 'zod';
import { headerFields } from './header-fields.js';
import { hostName } from './listen.js';
import { parseDocumentUrl } from './url.js';
import { flag, phrase, words } from './values.js';

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
  headers: headerFields
    .optional()
    .describe(
      'Header fields of the requests for its keys and metadata: {Authorization: "Bearer ${K8S_TOKEN}"}. Sent to the ' +
        'origin in the file alone; never logged.',
    ),
};
