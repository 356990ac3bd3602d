// Starts the API reference, with a new token for the role that somebody signed in as on the start page.
(async () => {
  'use strict';
  /** A description of more operations than this is shown one resource at a time: all of it would take a minute. */
  const MOST = 250;
  const byId = (id) => document.getElementById(id);
  const session = JSON.parse(sessionStorage.getItem('session') || 'null');

  const signIn = async () => {
    if (!session) return '';
    const reply = await fetch(`/dev/sign-in/${encodeURIComponent(session.role)}`, { method: 'POST' });
    return reply.ok ? (await reply.json()).access_token : '';
  };

  // ---- one resource at a time ----------------------------------------------------------------------------------

  const slug = (tag) => tag.toLowerCase().replaceAll(' ', '-');

  const operationsOf = (api) =>
    Object.entries(api.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })));

  /** The components that a part of the description leads to. */
  const reached = (api, part) => {
    const components = {};
    const visit = (value) => {
      if (typeof value !== 'object' || value === null) return;
      Object.values(value).forEach(visit);
      const [, kind, name] = /^#\/components\/([^/]+)\/(.+)$/.exec(value.$ref || '') || [];
      if (!kind || (components[kind] && components[kind][name])) return;
      components[kind] = { ...components[kind], [name]: api.components[kind][name] };
      visit(api.components[kind][name]);
    };
    visit(part);
    return { ...components, securitySchemes: api.components.securitySchemes };
  };

  const narrowed = (api, tag) => {
    const paths = {};
    for (const { path, method, operation } of operationsOf(api)) {
      if (operation.tags.includes(tag.name)) paths[path] = { ...paths[path], [method]: operation };
    }
    return { ...api, paths, tags: [tag], components: reached(api, paths) };
  };

  const offer = (tags, chosen) => {
    const menu = byId('part');
    menu.replaceChildren(...tags.map((tag) => new Option(tag.name, slug(tag.name), false, tag === chosen)));
    menu.hidden = false;
    const show = (tag) => {
      location.hash = `tag/${tag}`;
      location.reload();
    };
    menu.addEventListener('change', () => show(menu.value));
  };

  const shown = (api) => {
    if (operationsOf(api).length <= MOST) return api;
    const wanted = location.hash.split('/')[1];
    const chosen = api.tags.find((tag) => slug(tag.name) === wanted) || api.tags[0];
    offer(api.tags, chosen);
    return narrowed(api, chosen);
  };

  /** The reference draws its copy buttons as pictures without a name. */
  const nameButtons = () => {
    const name = () => {
      for (const button of document.querySelectorAll('[class*="copy-button"]:not([aria-label])')) {
        button.setAttribute('aria-label', 'Copy');
      }
    };
    new MutationObserver(name).observe(byId('reference'), { childList: true, subtree: true });
  };

  // ---- start ---------------------------------------------------------------------------------------------------

  const [token, api] = await Promise.all([signIn(), fetch('/openapi.json').then((reply) => reply.json())]);
  if (token) {
    byId('who').textContent = `${session.account} · ${session.role}`;
    byId('who').hidden = false;
  }
  nameButtons();
  Scalar.createApiReference('#reference', {
    content: shown(api),
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
