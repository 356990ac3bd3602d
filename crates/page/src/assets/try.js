// Sign-in as a seeded role, and requests to try; each is shown as a line for the terminal, too.
(() => {
  'use strict';
  const byId = (id) => document.getElementById(id);
  const all = (selector) => Array.from(document.querySelectorAll(selector));

  // ---- session -------------------------------------------------------------------------------------------------

  const scheme = document.body.dataset.scheme;
  const stored = sessionStorage.getItem('session');
  /** Role, account and access token, in this tab alone. */
  let session = stored ? JSON.parse(stored) : null;

  const keep = (next) => {
    session = next;
    sessionStorage.setItem('session', JSON.stringify(next));
    rows.clear();
    showSession();
    showCurl();
    lookUp();
    if (!edited) fillBody();
  };

  const showSession = () => {
    byId('who').hidden = !session;
    byId('who').textContent = session ? `${session.account} · ${session.role}` : '';
    for (const button of all('[data-sign-in]')) {
      button.setAttribute('aria-pressed', String(Boolean(session) && session.role === button.dataset.signIn));
    }
    const nobody = byId('sign-out');
    if (!nobody) return;
    nobody.setAttribute('aria-pressed', String(!session));
    byId('copy-token').hidden = !session;
  };

  const signInPath = (role) => `/dev/sign-in/${encodeURIComponent(role)}`;

  const signIn = async (button) => {
    const role = button.dataset.signIn;
    button.setAttribute('aria-busy', 'true');
    try {
      const reply = await fetch(signInPath(role), { method: 'POST' });
      const body = await reply.json();
      if (!reply.ok || !body.access_token) throw new Error(body.detail || body.title || `${reply.status}`);
      const until = Date.now() + (body.expires_in - 10) * 1000;
      keep({ role, account: button.dataset.account, token: body.access_token, until });
    } catch (error) {
      showStatus(`Sign-in failed: ${error.message}`, false);
    } finally {
      button.removeAttribute('aria-busy');
    }
  };

  /** Somebody who reads for long signs in again without noticing. */
  const freshen = async () => {
    if (!session || Date.now() < session.until) return;
    const button = all('[data-sign-in]').find((one) => one.dataset.signIn === session.role);
    if (button) await signIn(button);
  };

  const authorization = () => (session ? { Authorization: `${scheme} ${session.token}` } : {});

  // ---- choice of the operation ---------------------------------------------------------------------------------

  /** Rows that lists answered, by the path and query of the list: requests are filled in with them. */
  const rows = new Map();
  /** The page lists them: the form asks for the API's description only when it needs the example of a body. */
  const operations = all('.operations li').map((item) => ({
    method: item.querySelector('.method').textContent,
    path: item.querySelector('.path').textContent,
    link: item.querySelector('.path'),
    summary: item.querySelector('.summary').textContent,
    about: item.querySelector('.operation-about')?.textContent ?? '',
    /** Takes a file, of these media types where there are any. */
    upload: item.dataset.upload,
    /** The query that finds rows on which it is allowed. */
    row: item.dataset.row,
    /** Keys that name rows, with the list of those rows, the key that names them there, and what a row is. */
    references: new Map((item.dataset.references || '').split(';').map((line) => line.split(' ')).map(([name, ...where]) => [name, where])),
    group: item.closest('.resource').querySelector('.resource-title').textContent,
  }));
  let current = null;
  let description = null;
  /** Somebody has written into the body: it is theirs. */
  let edited = false;

  const fillMenu = () => {
    const groups = new Map();
    operations.forEach((operation, index) => {
      if (!groups.has(operation.group)) {
        const group = document.createElement('optgroup');
        group.label = operation.group;
        groups.set(operation.group, group);
      }
      groups.get(operation.group).append(new Option(`${operation.method} ${operation.path}`, String(index)));
      operation.link.addEventListener('click', () => choose(index));
    });
    byId('operation').replaceChildren(...groups.values());
    byId('operation').disabled = false;
    byId('send').disabled = false;
    const preferred = byId('try-form').dataset.first;
    choose(Math.max(0, operations.findIndex((one) => one.method === 'GET' && one.path === preferred)));
  };

  const input = (name, hint) => {
    const label = document.createElement('label');
    const caption = document.createElement('span');
    caption.textContent = name;
    const field = document.createElement('input');
    field.name = name;
    field.placeholder = hint;
    field.autocomplete = 'off';
    field.spellcheck = false;
    if (hint) field.dataset.query = 'true';
    label.append(caption, field);
    return label;
  };

  const fileInput = (types) => {
    const label = input('file', '');
    const field = label.querySelector('input');
    field.type = 'file';
    field.accept = types;
    return label;
  };

  const choose = (index) => {
    current = operations[index];
    byId('operation').value = String(index);
    byId('summary').textContent = [current.summary, current.about].filter(Boolean).join('. ');
    const names = Array.from(current.path.matchAll(/\{([^}]+)\}/g), (match) => match[1]);
    const inputs = names.map((name) => input(name, ''));
    if (current.method === 'GET' && !names.length) inputs.push(input('query', 'limit=5'));
    if (current.upload !== undefined) inputs.push(fileInput(current.upload));
    byId('inputs').replaceChildren(...inputs);
    showBody('');
    showNoReply('No reply yet');
    lookUp();
    fillBody();
    showCurl();
  };

  const showBody = (text) => {
    byId('body').hidden = !text;
    byId('body-label').hidden = !text;
    byId('body').value = text;
    byId('body').rows = Math.min(14, text.split('\n').length + 1);
    edited = false;
  };

  let fillings = 0;

  const fillBody = async () => {
    const asked = current;
    const filling = ++fillings;
    if (asked.method === 'GET' || asked.method === 'DELETE' || asked.upload !== undefined) return;
    description ??= fetch('/openapi.json').then((reply) => reply.json());
    const operation = (await description).paths[asked.path][asked.method.toLowerCase()];
    const content = operation.requestBody ? operation.requestBody.content : {};
    asked.type = ['application/merge-patch+json', 'application/json'].find((name) => content[name]);
    const example = asked.type ? content[asked.type].example : undefined;
    if (example === undefined) return;
    const body = await withRows(example, asked.references);
    if (filling !== fillings || edited) return;
    showBody(JSON.stringify(body, null, 2));
    showCurl();
  };

  /** The first row of a list that the caller may see. */
  const firstRow = async (list) => {
    if (!rows.has(list)) {
      const reply = await fetch(`${list}${list.includes('?') ? '&' : '?'}limit=1`, { headers: authorization() });
      const body = reply.ok ? await reply.json() : {};
      // A list of the design's own has a shape of its own.
      const found = body.data ?? Object.values(body).find(Array.isArray);
      if (found && found[0]) rows.set(list, found[0]);
    }
    return rows.get(list);
  };

  /** The key of a row that there is, for a key that names one. */
  const existing = async (references, name) => {
    const [list, key] = references.get(name) || [];
    const row = list && list !== '-' && (await firstRow(list));
    return row ? row[key] : undefined;
  };

  /** What to write where no row is found. */
  const wanted = (references, name) => {
    const [, key, ...row] = references.get(name) || [];
    return key ? `(${key} of some ${row.join(' ')})` : undefined;
  };

  /** The example with rows that there are. */
  const withRows = async (value, references) => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return Promise.all(value.map((item) => withRows(item, references)));
    const filled = {};
    for (const [name, inner] of Object.entries(value)) {
      const row = inner === null ? undefined : ((await existing(references, name)) ?? wanted(references, name));
      if (row === undefined) filled[name] = await withRows(inner, references);
      else filled[name] = Array.isArray(inner) ? [row] : row;
    }
    return filled;
  };

  const pathInputs = () => Array.from(byId('inputs').querySelectorAll('input:not([type="file"], [data-query])'));

  const collection = (path) => path.slice(0, path.indexOf('/{'));

  /** Asks for one row where a path needs one, so that requests work without copying ids. */
  const lookUp = async () => {
    const asked = current;
    const base = asked.path.includes('/{') ? collection(asked.path) : '';
    const isListed = operations.some((one) => one.method === 'GET' && one.path === base);
    const row = (isListed && ((asked.row && (await firstRow(`${base}?${asked.row}`))) || (await firstRow(base)))) || {};
    for (const field of pathInputs()) {
      const value = (await existing(asked.references, field.name)) ?? row[field.name];
      if (current !== asked) return;
      if (!field.value && value !== undefined && value !== null) field.value = String(value);
    }
    showCurl();
  };

  // ---- request -------------------------------------------------------------------------------------------------

  const address = () => {
    let path = current.path;
    for (const field of pathInputs()) {
      if (field.value) path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    }
    const query = byId('inputs').querySelector('[data-query]')?.value.trim().replace(/^\?/, '');
    return query ? `${path}?${query}` : path;
  };

  const chosenFile = () => byId('inputs').querySelector('[type="file"]')?.files[0];

  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

  /** The request as it would be sent, with a token that is fetched anew: the one of this tab soon expires. */
  const showCurl = () => {
    const lines = [];
    const parts = [`curl -s ${current.method === 'GET' ? '' : `-X ${current.method} `}${quote(location.origin + address())}`];
    if (session) {
      const pick = byId('curl').dataset.pick;
      lines.push(`TOKEN=$(curl -s -X POST ${quote(location.origin + signInPath(session.role))} \\\n  | ${pick})`);
      parts.push(`-H "Authorization: ${scheme} $TOKEN"`);
    }
    if (!byId('body').hidden) parts.push(`-H 'Content-Type: ${current.type}'`, `-d ${quote(byId('body').value)}`);
    if (current.upload !== undefined) parts.push(`-F ${quote(`file=@${chosenFile()?.name ?? 'FILE'}`)}`);
    lines.push(parts.join(' \\\n  '));
    const code = document.createElement('code');
    code.textContent = lines.join('\n');
    byId('curl').replaceChildren(code);
  };

  const send = async () => {
    const asked = current;
    if (asked.upload !== undefined && !chosenFile()) {
      showNoReply('Choose a file first');
      return;
    }
    await freshen();
    const headers = { Accept: 'application/json, application/problem+json', ...authorization() };
    const options = { method: current.method, headers };
    if (!byId('body').hidden) {
      headers['Content-Type'] = current.type;
      options.body = byId('body').value;
    }
    if (asked.upload !== undefined) {
      options.body = new FormData();
      options.body.append('file', chosenFile());
    }
    const began = performance.now();
    try {
      const reply = await fetch(address(), options);
      const text = await reply.text();
      remember(asked, reply.ok, text);
      // The answer to another question than the one that is asked now.
      if (current !== asked) return;
      showStatus(`${reply.status} ${reply.statusText}`.trim(), reply.ok);
      byId('timing').textContent = `${Math.max(1, Math.round(performance.now() - began))} ms, ${new Blob([text]).size} bytes`;
      showReply(text);
    } catch (error) {
      if (current === asked) showNoReply(`No reply: ${error.message}`, false);
    }
  };

  /** What was written changes what lists answer; what was created is the row to go on with. */
  const remember = (asked, good, text) => {
    if (!good || asked.method === 'GET') return;
    rows.clear();
    if (asked.method !== 'POST' || asked.path.includes('{') || !text) return;
    const body = JSON.parse(text);
    if (body.id) rows.set(asked.path, body);
  };

  // ---- reply ---------------------------------------------------------------------------------------------------

  const showStatus = (text, good) => {
    byId('status').textContent = text;
    byId('status').className = `status ${good === undefined ? '' : good ? 'good' : 'bad'}`;
  };

  const showNoReply = (why, good) => {
    showStatus(why, good);
    byId('timing').textContent = '';
    byId('reply').replaceChildren();
  };

  const showReply = (text) => {
    const code = document.createElement('code');
    try {
      paint(code, JSON.stringify(JSON.parse(text), null, 2));
    } catch {
      code.textContent = text || '(no body)';
    }
    byId('reply').replaceChildren(code);
    byId('reply').scrollTo(0, 0);
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

  for (const button of all('[data-sign-in]')) button.addEventListener('click', () => signIn(button));
  if (byId('sign-out')) {
    byId('sign-out').addEventListener('click', () => keep(null));
    byId('copy-token').addEventListener('click', () => window.copyText(byId('copy-token'), session.token));
  }
  byId('try-form').addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  byId('try-form').addEventListener('input', showCurl);
  byId('body').addEventListener('input', () => { edited = true; });
  byId('operation').addEventListener('change', () => choose(Number(byId('operation').value)));
  /** The page opens with a reply: as nobody where anyone may read, else as somebody who may. */
  const begin = async () => {
    fillMenu();
    const role = byId('try-form').dataset.role;
    const button = all('[data-sign-in]').find((one) => one.dataset.signIn === role);
    if (stored === null && button) await signIn(button);
    await send();
  };

  showSession();
  if (operations.length) begin();
})();
