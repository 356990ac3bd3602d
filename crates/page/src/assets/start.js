// Start page: sign-in as a seeded role, requests to try, zoom of the diagram, copying.
(() => {
  'use strict';
  const byId = (id) => document.getElementById(id);
  const all = (selector) => Array.from(document.querySelectorAll(selector));

  // ---- session -------------------------------------------------------------------------------------------------

  const load = () => {
    try {
      return JSON.parse(sessionStorage.getItem('session'));
    } catch {
      return null;
    }
  };
  let session = load();

  const keep = (next) => {
    session = next;
    if (next) sessionStorage.setItem('session', JSON.stringify(next));
    else sessionStorage.removeItem('session');
    showSession();
  };

  const showSession = () => {
    const who = byId('who');
    who.hidden = !session;
    who.textContent = session ? `${session.account} · ${session.role}` : '';
    for (const button of all('[data-sign-in]')) {
      button.setAttribute('aria-pressed', String(Boolean(session) && session.role === button.dataset.signIn));
    }
    const nobody = byId('sign-out');
    if (nobody) nobody.setAttribute('aria-pressed', String(!session));
  };

  const signIn = async (button) => {
    const role = button.dataset.signIn;
    button.disabled = true;
    try {
      const reply = await fetch(`/dev/sign-in/${encodeURIComponent(role)}`, { method: 'POST' });
      const body = await reply.json();
      if (!reply.ok || !body.access_token) throw new Error(body.detail || body.title || `${reply.status}`);
      keep({ role, account: button.dataset.account, token: body.access_token });
    } catch (error) {
      showStatus(`Sign-in failed: ${error.message}`, false);
    } finally {
      button.disabled = false;
    }
  };

  for (const button of all('[data-sign-in]')) button.addEventListener('click', () => signIn(button));
  if (byId('sign-out')) byId('sign-out').addEventListener('click', () => keep(null));
  showSession();

  const authorization = () =>
    session ? { Authorization: `${document.body.dataset.scheme} ${session.token}` } : {};

  // ---- requests ------------------------------------------------------------------------------------------------

  /** Rows that lists answered, by the path of the list: they fill in the parameters of paths below it. */
  const rows = new Map();
  let operations = [];
  let current = null;

  const showStatus = (text, good) => {
    const status = byId('status');
    if (!status) return;
    status.textContent = text;
    status.className = `status ${good === undefined ? '' : good ? 'good' : 'bad'}`;
  };

  const collect = (api) => {
    const found = [];
    for (const [path, item] of Object.entries(api.paths || {})) {
      for (const [method, operation] of Object.entries(item)) {
        const content = operation.requestBody ? operation.requestBody.content : {};
        const type = ['application/merge-patch+json', 'application/json'].find((name) => content[name]);
        const uploads = operation.requestBody && !type;
        if (uploads) continue;
        found.push({
          method: method.toUpperCase(),
          path,
          tag: (operation.tags || ['Operations'])[0],
          summary: operation.summary || path,
          type,
          example: type ? content[type].example : undefined,
          parameters: (operation.parameters || []).filter((parameter) => parameter.in === 'path'),
          hasQuery: (operation.parameters || []).some(
            (parameter) => parameter.in === 'query' || /\/(limit|cursor)$/.test(parameter.$ref || ''),
          ),
        });
      }
    }
    return found;
  };

  const fillMenu = () => {
    const menu = byId('operation');
    menu.replaceChildren();
    const groups = new Map();
    operations.forEach((operation, index) => {
      if (!groups.has(operation.tag)) {
        const group = document.createElement('optgroup');
        group.label = operation.tag;
        groups.set(operation.tag, group);
      }
      const option = document.createElement('option');
      option.value = String(index);
      option.textContent = operation.summary;
      groups.get(operation.tag).append(option);
    });
    const signIn = groups.get('Sign-in');
    if (signIn) groups.delete('Sign-in');
    menu.append(...groups.values(), ...(signIn ? [signIn] : []));
    const preferred = byId('try-form').dataset.first;
    const first = operations.findIndex((one) => one.method === 'GET' && one.path === preferred);
    menu.value = String(Math.max(first, 0));
    menu.disabled = false;
    byId('send').disabled = false;
    choose();
  };

  const input = (name, value, hint) => {
    const label = document.createElement('label');
    const caption = document.createElement('span');
    caption.textContent = name;
    const field = document.createElement('input');
    field.name = name;
    field.value = value;
    field.placeholder = hint;
    field.autocomplete = 'off';
    field.spellcheck = false;
    if (hint) field.dataset.query = 'true';
    label.append(caption, field);
    return label;
  };

  const choose = () => {
    current = operations[Number(byId('operation').value)];
    byId('try-method').textContent = current.method;
    byId('try-method').className = `method ${current.method.toLowerCase()}`;
    byId('try-path').textContent = current.path;
    const inputs = current.parameters.map((parameter) => input(parameter.name, known(parameter), ''));
    if (current.method === 'GET' && current.hasQuery) inputs.push(input('query', '', 'limit=5'));
    byId('inputs').replaceChildren(...inputs);
    const hasBody = current.example !== undefined;
    byId('body').hidden = !hasBody;
    byId('body-label').hidden = !hasBody;
    byId('body').value = hasBody ? JSON.stringify(current.example, null, 2) : '';
    byId('body').rows = hasBody ? Math.min(16, byId('body').value.split('\n').length + 1) : 2;
    lookUp();
  };

  const collection = (path) => path.slice(0, path.indexOf('/{'));

  const known = (parameter) => {
    const row = rows.get(collection(current.path));
    const value = row && row[parameter.name];
    return value === undefined || value === null ? '' : String(value);
  };

  /** Asks for one row where a path needs one, so that requests work without copying ids. */
  const lookUp = async () => {
    const asked = current;
    const base = asked.parameters.length ? collection(asked.path) : '';
    const list = operations.find((one) => one.method === 'GET' && one.path === base);
    if (!list || rows.has(base)) return;
    const reply = await fetch(`${base}?limit=1`, { headers: authorization() });
    if (!reply.ok) return;
    const body = await reply.json();
    if (!body.data || !body.data[0]) return;
    rows.set(base, body.data[0]);
    if (current !== asked) return;
    for (const field of byId('inputs').querySelectorAll('input')) {
      const value = body.data[0][field.name];
      if (!field.value && value !== undefined && value !== null) field.value = String(value);
    }
  };

  const address = () => {
    let path = current.path;
    let query = '';
    for (const field of byId('inputs').querySelectorAll('input')) {
      if (field.dataset.query) query = field.value.replace(/^\?/, '');
      else path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    }
    return query ? `${path}?${query}` : path;
  };

  const send = async (event) => {
    event.preventDefault();
    const headers = { Accept: 'application/json, application/problem+json', ...authorization() };
    const options = { method: current.method, headers };
    if (current.example !== undefined) {
      headers['Content-Type'] = current.type;
      options.body = byId('body').value;
    }
    byId('send').disabled = true;
    const began = performance.now();
    try {
      const reply = await fetch(address(), options);
      const text = await reply.text();
      showStatus(`${reply.status} ${reply.statusText}`.trim(), reply.ok);
      byId('timing').textContent = `${Math.max(1, Math.round(performance.now() - began))} ms · ${new Blob([text]).size} bytes`;
      showReply(text);
      remember(reply.ok, text);
    } catch (error) {
      showStatus(`No reply: ${error.message}`, false);
      byId('timing').textContent = '';
      byId('reply').replaceChildren();
    } finally {
      byId('send').disabled = false;
    }
  };

  const remember = (good, text) => {
    if (!good || !text) return;
    try {
      const body = JSON.parse(text);
      if (current.method === 'GET' && body.data && body.data[0]) rows.set(current.path, body.data[0]);
      if (current.method === 'POST' && body.id && !current.parameters.length) rows.set(current.path, body);
      if (current.method === 'DELETE') rows.delete(collection(current.path));
    } catch {
      // Not JSON: nothing to remember.
    }
  };

  const showReply = (text) => {
    const code = document.createElement('code');
    let pretty = text || '(no body)';
    try {
      pretty = JSON.stringify(JSON.parse(text), null, 2);
      paint(code, pretty);
    } catch {
      code.textContent = pretty;
    }
    byId('reply').replaceChildren(code);
  };

  const paint = (code, json) => {
    const parts = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
    let end = 0;
    for (const match of json.matchAll(parts)) {
      code.append(json.slice(end, match.index));
      const span = document.createElement('span');
      span.className = match[2] ? 'json-key' : match[1] ? 'json-text' : 'json-plain';
      span.textContent = match[1] || match[0];
      code.append(span, match[2] || '');
      end = match.index + match[0].length;
    }
    code.append(json.slice(end));
  };

  const start = async () => {
    try {
      const reply = await fetch('/openapi.json');
      if (!reply.ok) throw new Error(`/openapi.json answered ${reply.status}`);
      operations = collect(await reply.json());
      fillMenu();
    } catch (error) {
      byId('operation').replaceChildren(new Option('No operations'));
      showStatus(error.message, false);
    }
  };

  if (byId('try-form')) {
    byId('try-form').addEventListener('submit', send);
    byId('operation').addEventListener('change', choose);
    start();
  }

  // ---- diagram -------------------------------------------------------------------------------------------------

  const canvas = byId('canvas');
  const diagram = canvas && canvas.querySelector('svg');
  if (diagram) {
    const natural = Number(diagram.getAttribute('width'));
    const ratio = Number(diagram.getAttribute('height')) / natural;
    let scale = 1;
    const zoom = (next) => {
      const middle = (canvas.scrollLeft + canvas.clientWidth / 2) / (natural * scale);
      const height = (canvas.scrollTop + canvas.clientHeight / 2) / (natural * ratio * scale);
      scale = Math.min(2.5, Math.max(0.15, next));
      diagram.setAttribute('width', natural * scale);
      diagram.setAttribute('height', natural * ratio * scale);
      canvas.scrollLeft = middle * natural * scale - canvas.clientWidth / 2;
      canvas.scrollTop = height * natural * ratio * scale - canvas.clientHeight / 2;
    };
    const fit = () => canvas.clientWidth / natural;
    const steps = { in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), fit: () => zoom(Math.min(1.25, fit())) };
    for (const button of all('[data-zoom]')) button.addEventListener('click', steps[button.dataset.zoom]);
    canvas.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(scale * Math.exp(-event.deltaY / 300));
    }, { passive: false });
    // A little too wide is made to fit; much too wide stays legible and scrolls.
    zoom(Math.min(1, Math.max(fit(), 0.7)));
    canvas.scrollTo(0, 0);

    const focus = (entity) => {
      diagram.classList.toggle('focused', entity !== null);
      for (const part of diagram.querySelectorAll('.related')) part.classList.remove('related');
      if (entity === null) return;
      const near = new Set([entity]);
      for (const line of diagram.querySelectorAll('.line')) {
        if (line.dataset.from !== entity && line.dataset.to !== entity) continue;
        line.classList.add('related');
        near.add(line.dataset.from).add(line.dataset.to);
      }
      for (const index of near) diagram.querySelector(`[data-entity="${index}"]`).classList.add('related');
    };
    for (const box of diagram.querySelectorAll('[data-entity]')) {
      box.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && focus(box.dataset.entity));
      box.addEventListener('pointerleave', () => focus(null));
    }
  }

  // ---- small things --------------------------------------------------------------------------------------------

  for (const place of all('[data-origin]')) place.textContent = location.origin;
  for (const button of all('[data-copy]')) {
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(byId(button.dataset.copy).textContent.trim());
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }
  const openTarget = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === 'DETAILS') target.open = true;
  };
  window.addEventListener('hashchange', openTarget);
  openTarget();
})();
