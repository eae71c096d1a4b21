/** Microsoft Entra ID: its references of the claims in access tokens and in ID tokens. */
import { NOW, type Provider, type Published } from '../provider.js';

const TENANT = '9122040d-6c67-4c5b-b112-36a304b66dad';
const API = '6e74172b-be56-4843-9ff4-e66a39bb12e3';
const WEB = 'a1b2c3d4-0001-4c5b-b112-36a304b66dad';
const values = { TENANT, API };

/** Its keys have no `alg`. */
const keysOf = ({ key, issuer }: Published) => {
  const known = { use: 'sig', x5t: key.kid, x5c: ['MIIC/TCCAeWgAwIBAgIITEST'], issuer };
  return {
    keys: [{ ...key.jwk, alg: undefined, ...known, cloud_instance_name: 'microsoftonline.com' }],
  };
};

const identity = {
  oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
  sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
  tid: TENANT,
  uti: 'fqiBqXLPj0eQa82S-IYFAA',
  rh: '1.AAAAx',
  nbf: NOW,
};

const v2 = (scopes: object) => ({
  ...identity,
  aud: API,
  aio: 'AXQAi/8IAAAA',
  azp: WEB,
  azpacr: '1',
  name: 'Abe Lincoln',
  preferred_username: 'abeli@example.com',
  ver: '2.0',
  ...scopes,
});

const idToken = {
  ...identity,
  aud: WEB,
  name: 'Abe Lincoln',
  preferred_username: 'abeli@example.com',
  nonce: '12345',
  roles: ['Orders.Read'],
  ver: '2.0',
};

const discovery = (published: Published) => ({
  [`/${TENANT}/v2.0/.well-known/openid-configuration`]: {
    issuer: published.issuer,
    authorization_endpoint: `${published.origin}/${TENANT}/oauth2/v2.0/authorize`,
    token_endpoint: `${published.origin}/${TENANT}/oauth2/v2.0/token`,
    jwks_uri: `${published.origin}/${TENANT}/discovery/v2.0/keys`,
  },
  [`/${TENANT}/discovery/v2.0/keys`]: keysOf(published),
});

const job = {
  sub: identity.oid,
  azp: 'job',
  roles: ['Orders.Read'],
  name: undefined,
  preferred_username: undefined,
};

export const entra: Provider = {
  name: 'entra',
  values,
  documents: discovery,
  usual: v2({ scp: 'Orders.Read profile' }),
  app: WEB,
  scope: 'Orders.Read',
  otherAudience: { aud: '00000003-0000-0000-c000-000000000000' },
  otherKinds: {
    'an ID token': { claims: idToken },
    'an ID token of a client that is the API': { claims: { ...idToken, aud: API } },
  },
  withoutScope: { scp: 'profile' },
  alsoUsual: { 'the role of an app': { claims: v2(job), app: 'job' } },
};

export const entraApps: Provider = {
  name: 'entra-apps',
  values,
  documents: discovery,
  usual: v2({ ...job, idtyp: 'app' }),
  app: 'job',
  scope: 'Orders.Read',
  otherAudience: { aud: '00000003-0000-0000-c000-000000000000' },
  otherKinds: { 'an ID token': { claims: { ...idToken, aud: API } } },
  withoutScope: { roles: undefined },
  notRequired: {
    "a user's token": { idtyp: 'user', scp: 'Orders.Read' },
    'a token without idtyp': { idtyp: undefined },
  },
};

export const entraV1: Provider = {
  name: 'entra-v1',
  values,
  documents: (published) => ({
    [`/${TENANT}/.well-known/openid-configuration`]: {
      issuer: published.issuer,
      jwks_uri: `${published.origin}/common/discovery/keys`,
    },
    '/common/discovery/keys': keysOf(published),
  }),
  header: (kid) => ({ typ: 'JWT', x5t: kid, kid }),
  usual: {
    ...identity,
    aud: `api://${API}`,
    acr: '1',
    amr: ['pwd'],
    appid: WEB,
    appidacr: '0',
    idp: 'https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/',
    ipaddr: '192.0.2.1',
    scp: 'Orders.Read',
    unique_name: 'abeli@example.com',
    ver: '1.0',
  },
  app: WEB,
  scope: 'Orders.Read',
  otherAudience: { aud: 'https://graph.microsoft.com' },
  otherKinds: { 'an ID token': { claims: { ...idToken, aud: API, ver: '1.0' } } },
  withoutScope: { scp: 'User.Read' },
};
