// Starts the API reference with the token of the start page, if somebody signed in there.
(() => {
  'use strict';
  let session = null;
  try {
    session = JSON.parse(sessionStorage.getItem('session'));
  } catch {
    session = null;
  }
  const token = session && session.token ? session.token : '';
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
