// An OpenID provider for tests: everyone who comes is signed in, as `login_hint` or as ada, and has consented.
// Arguments: the port, and the callback address of the clients.

import Provider from 'oidc-provider';

const [port, callback] = process.argv.slice(2);

const client = {
  redirect_uris: [callback],
  grant_types: ['authorization_code'],
  response_types: ['code'],
};

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    { ...client, client_id: 'basic', client_secret: 'secret: 100% & more + =', token_endpoint_auth_method: 'client_secret_basic' },
    { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
    { ...client, client_id: 'ecdsa', client_secret: 'ecdsa-secret', id_token_signed_response_alg: 'ES256' },
    { ...client, client_id: 'eddsa', client_secret: 'eddsa-secret', id_token_signed_response_alg: 'EdDSA' },
    {
      ...client,
      client_id: 'offline',
      client_secret: 'offline-secret',
      grant_types: ['authorization_code', 'refresh_token'],
    },
    { ...client, client_id: 'pss', client_secret: 'pss-secret', id_token_signed_response_alg: 'PS256' },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
  async findAccount(_context, id) {
    const claims = { sub: id, email: `${id}@mail.example`, email_verified: true, name: `The ${id}`, preferred_username: id };
    return { accountId: id, claims: async () => claims };
  },
  cookies: { keys: ['for tests'] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  rotateRefreshToken: true,
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: await keys() },
  pkce: { required: () => true },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 600, IdToken: 300, Interaction: 60, RefreshToken: 3600, Session: 600 },
});

async function keys() {
  const algorithms = { RS256: {}, PS256: {}, ES256: {}, EdDSA: { crv: 'Ed25519' } };
  const { exportJWK, generateKeyPair } = await import('jose');
  return Promise.all(Object.entries(algorithms).map(async ([alg, options]) => {
    const { privateKey } = await generateKeyPair(alg, { ...options, extractable: true });
    return { ...await exportJWK(privateKey), alg, kid: alg, use: 'sig' };
  }));
}

provider.use(async (context, next) => {
  if (!context.path.startsWith('/interaction/')) return next();
  const { prompt, params, session, grantId } = await provider.interactionDetails(context.req, context.res);
  const finish = (result) => provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: true });
  context.respond = false;
  if (params.login_hint === 'nobody') return finish({ error: 'access_denied' });
  if (prompt.name === 'login') return finish({ login: { accountId: params.login_hint ?? 'ada' } });
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return finish({ consent: { grantId: await grant.save() } });
});

provider.on('server_error', (_context, error) => console.error(error));
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
