// Starts the API reference, with a new token for the role that somebody signed in as on the start page.
(async () => {
  'use strict';
  const session = JSON.parse(sessionStorage.getItem('session') || 'null');

  const signIn = async () => {
    if (!session) return '';
    const reply = await fetch(`/dev/sign-in/${encodeURIComponent(session.role)}`, { method: 'POST' });
    return reply.ok ? (await reply.json()).access_token : '';
  };

  const token = await signIn();
  if (token) {
    const who = document.getElementById('who');
    who.textContent = `${session.account} · ${session.role}`;
    who.hidden = false;
  }
  Scalar.createApiReference('#reference', {
    url: '/openapi.json',
    withDefaultFonts: false,
    telemetry: false,
    hideClientButton: true,
    showDeveloperTools: 'never',
    documentDownloadType: 'none',
    agent: { disabled: true },
    mcp: { disabled: true },
    theme: 'default',
    layout: 'modern',
    hideDarkModeToggle: false,
    defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
    authentication: {
      preferredSecurityScheme: 'bearer',
      securitySchemes: { bearer: { token, value: token } },
    },
  });
})();
