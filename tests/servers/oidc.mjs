// An OpenID provider (npm's certified oidc-provider) where a browser is whoever it says it is: `login_hint` names the person as
// `subject|email|yes or no|name`, and `deny` is somebody who refuses. Without one it asks on a page of its own.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const options = JSON.parse(process.argv[2] || '{}');

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'groundwork',
    client_secret: 'a secret with % and : in it',
    redirect_uris: [options.redirect_uri],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  conformIdTokenClaims: !options.claims_in_id_token,
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  async findAccount(_, id) {
    const [, email, verified, name] = id.split('|');
    return {
      accountId: id,
      claims: async () => ({ sub: id, email: email || undefined, email_verified: verified === 'yes', name }),
    };
  },
  // Everybody has agreed already.
  async loadExistingGrant(context) {
    const { client, session } = context.oidc;
    const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const PAGE = `<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">
<form><label>Person <input name="person"></label> <button>Go on</button></form></html>`;

const answer = provider.callback();
server.on('request', async (request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    answer(request, response);
    return;
  }
  try {
    const { params } = await provider.interactionDetails(request, response);
    const person = params.login_hint ?? new URL(request.url, issuer).searchParams.get('person');
    if (person === null) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      return;
    }
    const result = person === 'deny'
      ? { error: 'access_denied', error_description: 'no' }
      : { login: { accountId: person } };
    await provider.interactionFinished(request, response, result);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

process.stdin.resume().on('end', () => process.exit());
console.log(JSON.stringify({ issuer }));
