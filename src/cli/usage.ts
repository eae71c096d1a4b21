/** The actions and options of `apps` and `users`, for their help and for usage errors. */
import { JSON_OPTION, type CommandAction, type CommandOption } from './command.js';
import { usageForms } from './help.js';

const SCOPES: CommandOption = { name: 'scopes', value: 'a,b', summary: 'its scopes, separated by commas' };
const ORGANIZATION: CommandOption = {
  name: 'organization',
  value: 'ORG',
  summary: 'its organization, a claim of its tokens',
};

export const APPS_OPTIONS: readonly CommandOption[] = [
  { name: 'name', value: 'NAME', summary: 'the name of a new app' },
  SCOPES,
  { name: 'owner', value: 'UNAME', summary: 'the name of its owner' },
  ORGANIZATION,
  { name: 'issuer', value: 'NAME', summary: 'an issuer of the file; without it every issuer' },
  { name: 'overlap', value: '1h', summary: 'how long the old secret is accepted; at most 30d' },
  JSON_OPTION,
];

export const APPS_ACTIONS: readonly CommandAction[] = [
  {
    name: 'create',
    usage: '--name NAME --scopes a,b [--owner UNAME] [--organization ORG]',
    summary: 'creates an app; prints its key and its secret, once',
    options: ['name', 'scopes', 'owner', 'organization', 'json'],
  },
  { name: 'list', summary: 'lists the apps' },
  { name: 'delete', usage: 'KEY', summary: 'deletes an app; its tokens are refused at once' },
  {
    name: 'rotate',
    usage: 'KEY [--overlap 1h]',
    summary: 'gives an app a new secret; with an overlap the old one is accepted for that long too',
    options: ['overlap', 'json'],
  },
  {
    name: 'revoke',
    usage: 'ID [--issuer NAME]',
    summary: 'refuses all tokens that an app has now, also those of other issuers',
    options: ['issuer', 'json'],
  },
  {
    name: 'restore',
    usage: 'ID [--issuer NAME]',
    summary: 'undoes revoke',
    options: ['issuer', 'json'],
  },
  { name: 'revocations', summary: 'lists what is revoked' },
  { name: 'named-tokens', usage: '[KEY]', summary: 'lists the named tokens, of one app or of all' },
  {
    name: 'revoke-token',
    usage: 'JTI [--issuer NAME]',
    summary: 'refuses one token; without --issuer a named token',
    options: ['issuer', 'json'],
  },
];

export const USERS_OPTIONS: readonly CommandOption[] = [SCOPES, ORGANIZATION, JSON_OPTION];

export const USERS_ACTIONS: readonly CommandAction[] = [
  {
    name: 'add',
    usage: 'NAME [--scopes a,b] [--organization ORG]',
    summary: 'adds a user; reads the password from the first line of standard input',
    options: ['scopes', 'organization', 'json'],
  },
  { name: 'list', summary: 'lists the users' },
  { name: 'delete', usage: 'NAME', summary: "deletes a user; the user's tokens are refused at once" },
];

/** All forms in one line, for usage errors. */
export const APPS_USAGE = usageForms({ name: 'apps', actions: APPS_ACTIONS }).join(' | ');
export const USERS_USAGE = usageForms({ name: 'users', actions: USERS_ACTIONS }).join(' | ');

export const EXPLAIN_USAGE =
  "METHOD PATH_OR_URL [--token T | --scopes a,b [--app ID] [--claims JSON] [--issuer NAME]] [--ip ADDRESS] [--header 'Name: value'] [--admin URL | --offline]";

export const EXPLAIN_OPTIONS: readonly CommandOption[] = [
  {
    name: 'token',
    value: 'T',
    summary: 'the token; - reads it from standard input, where other users cannot see it',
  },
  {
    name: 'scopes',
    value: 'a,b',
    summary: 'assumes a caller with these scopes, without a token; "" for none',
  },
  { name: 'app', value: 'ID', summary: 'the app of the assumed caller' },
  { name: 'claims', value: 'JSON', summary: 'further claims of the assumed caller' },
  { name: 'issuer', value: 'NAME', summary: 'its issuer; by default the first that the route accepts' },
  { name: 'ip', value: 'ADDRESS', summary: 'the address that the request comes from (default 127.0.0.1)' },
  { name: 'header', value: 'FIELD', repeats: true, summary: "a header field: 'Name: value'" },
  {
    name: 'admin',
    value: 'URL',
    summary: 'the admin port of the gateway to ask; by default that of the file, if it runs this file',
  },
  { name: 'offline', summary: 'asks no gateway: the file alone decides' },
  {
    name: 'request',
    value: 'ID',
    summary: 'in place of METHOD and PATH: why the gateway refused the request with this X-Request-Id',
  },
  JSON_OPTION,
];
