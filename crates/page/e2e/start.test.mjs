// The start page, for each example: as somebody sees it, and as somebody uses it.
import { execFile } from 'node:child_process';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { inaccessible, launch, none, open, overflowing, servers } from './browser.mjs';

const shell = async (line) => (await promisify(execFile)('sh', ['-c', line])).stdout;

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

const openAll = (page) =>
  page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));

/** Chooses an operation of the form by its method and path. */
const choose = async (page, method, path) => {
  const value = await page.evaluate(
    ([method, path]) => {
      const items = Array.from(document.querySelectorAll('.operations li'));
      return items.findIndex((item) => item.querySelector('.method').textContent === method
        && item.querySelector('.path').textContent.endsWith(path));
    },
    [method, path],
  );
  assert.ok(value >= 0, `there is no ${method} ${path}`);
  await page.selectOption('#operation', String(value));
};

const send = async (page) => {
  const reply = page.waitForResponse((response) => response.request().method() !== 'OPTIONS');
  await page.click('#send');
  const response = await reply;
  await page.waitForFunction((status) => document.getElementById('status').textContent.startsWith(status), String(response.status()));
  return { response, text: await page.textContent('#reply') };
};

const signIn = async (page, role) => {
  await page.click(`[data-sign-in="${role}"]`);
  await page.waitForSelector(`[data-sign-in="${role}"][aria-pressed="true"]`);
};

/** Both ends of the range for each design. */
const WINDOWS = [{ width: 1440, scheme: 'light' }, { width: 390, scheme: 'dark' }];
/** The others, for one design: what they share is the style sheet. */
const MORE_WINDOWS = [{ width: 1440, scheme: 'dark' }, { width: 1024, scheme: 'light' }, { width: 390, scheme: 'light' }];

for (const [index, { name, url, roles }] of servers.entries()) {
  describe(`start page of ${name}`, () => {
    for (const { width, scheme } of index ? WINDOWS : [...WINDOWS, ...MORE_WINDOWS]) {
      test(`shows itself at ${width} pixels, ${scheme}, without a fault`, async () => {
        const { context, page, faults } = await open(browser, { url, width, scheme });
        await openAll(page);
        none(await overflowing(page), 'nothing sticks out of the window');
        none(await inaccessible(page), 'everybody can use it');
        none(faults, 'no error, no request to the outside');
        await context.close();
      });
    }

    test('signs in as each role, and sends its token', async () => {
      const { context, page, faults } = await open(browser, { url });
      none(roles.filter((role) => !role), 'each role has a name');
      for (const role of roles) {
        await signIn(page, role);
        const account = await page.getAttribute(`[data-sign-in="${role}"]`, 'data-account');
        assert.equal(await page.textContent('#who'), `${account} · ${role}`);
        await choose(page, 'GET', '/auth/me');
        const { response, text } = await send(page);
        assert.equal(response.status(), 200, text);
        assert.ok(text.includes(account), `the reply is about ${account}: ${text}`);
        assert.match(await response.request().headerValue('authorization'), /^\S+ \S+\.\S+\.\S+$/);
      }
      if (roles.length) {
        await page.click('#sign-out');
        assert.equal((await send(page)).response.status(), 401);
        assert.ok(await page.isHidden('#who'));
      }
      none(faults, 'no error, no request to the outside');
      await context.close();
    });

    test('fills in the id of a row where a path needs one', async () => {
      const { context, page } = await open(browser, { url });
      await signIn(page, roles[0]);
      const label = await page.evaluate(() => {
        const labels = Array.from(document.querySelectorAll('#operation option'), (option) => option.textContent);
        return labels.find((label) => labels.some((list) => list.startsWith('GET') && label.startsWith(`${list}/{`)));
      });
      await page.selectOption('#operation', { label });
      await page.waitForFunction(() => document.querySelector('#inputs input').value);
      assert.equal((await send(page)).response.status(), 200);
      await context.close();
    });

    if (name === 'profile') test('uploads a file', async () => {
      const { context, page, faults } = await open(browser, { url });
      await signIn(page, 'admin');
      await choose(page, 'PUT', '/picture');
      await page.waitForFunction(() => document.querySelector('#inputs input[name="id"]').value);
      await page.click('#send');
      assert.equal(await page.textContent('#status'), 'Choose a file first');
      const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
      await page.setInputFiles('#inputs [type="file"]', { name: 'pixel.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') });
      assert.ok((await page.textContent('#curl')).includes("-F 'file=@pixel.png'"));
      const { response, text } = await send(page);
      assert.equal(response.status(), 200, text);
      none(faults, 'no error, no request to the outside');
      await context.close();
    });

    // What follows doesn't depend on the design.
    if (index) return;

    test('copies lines that work in a terminal', async () => {
      const { context, page } = await open(browser, { url });
      for (const role of roles.slice(0, 1)) {
        await signIn(page, role);
        await choose(page, 'GET', '/auth/me');
        await page.click('#copy-token');
        const token = await page.evaluate(() => navigator.clipboard.readText());
        assert.match(token, /^\S+\.\S+\.\S+$/);
      }
      await page.click('[data-copy="curl"]');
      const line = await page.evaluate(() => navigator.clipboard.readText());
      const { response } = await send(page);
      assert.deepEqual(Object.keys(JSON.parse(await shell(line))), Object.keys(await response.json()));
      await context.close();
    });

    test('fills in the body of a request, and sends it', async () => {
      const { context, page, faults } = await open(browser, { url });
      await openAll(page);
      const item = page.locator('.operations li', { has: page.locator('.path:text-matches("/auth/sign-in$")') });
      await item.locator('.path').click();
      await page.waitForSelector('#body:not([hidden])');
      const example = JSON.parse(await page.inputValue('#body'));
      assert.ok(example.password, 'the example has a password');
      assert.ok((await page.textContent('#curl')).includes(`"password": "${example.password}"`));
      const { response } = await send(page);
      assert.equal(response.status(), 401, 'nobody has that password');
      assert.deepEqual(response.request().postDataJSON(), example);
      none(faults, 'no error, no request to the outside');
      await context.close();
    });

    test('shows no reply to another question than the one that is asked', async () => {
      const { context, page } = await open(browser, { url });
      await signIn(page, 'customer');
      await choose(page, 'GET', '/auth/me');
      await send(page);
      assert.ok(await page.textContent('#reply'));
      await choose(page, 'GET', '/v1/books');
      assert.equal(await page.textContent('#status'), 'No reply yet');
      assert.equal(await page.textContent('#reply'), '');
      await context.close();
    });

    test('cuts nothing off on a telephone', async () => {
      const { context, page } = await open(browser, { url, width: 390 });
      await signIn(page, roles[0]);
      const isWhole = (element) => element.scrollWidth <= element.clientWidth;
      assert.ok(await page.locator('#curl').evaluate(isWhole), 'lines for the terminal are broken, not cut');
      assert.match(await page.textContent('.in-view'), /^\d+ of \d+ entities in view/);
      assert.ok(await page.isVisible('.in-view'));
      await page.click('[data-zoom="fit"]');
      assert.ok(await page.isHidden('.in-view'), 'all of them are in view');
      await context.close();
    });

    test('creates an order of a book that there is, and places it', async () => {
      const { context, page } = await open(browser, { url });
      await signIn(page, 'customer');
      const posts = (path) => (response) => response.request().method() === 'POST' && response.url().endsWith(path);
      for (const [path, status] of [['/v1/orders', 201], ['/v1/orders/{id}/place', 200]]) {
        await choose(page, 'POST', path);
        await page.waitForLoadState('networkidle');
        const reply = page.waitForResponse(posts(path.split('}').pop()));
        await page.click('#send');
        const response = await reply;
        assert.equal(response.status(), status, await response.text());
      }
      await context.close();
    });

    test('is worked with the keyboard alone', async () => {
      const { context, page } = await open(browser, { url });
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
      assert.ok((await page.locator('.skip').boundingBox()).x >= 0, 'the skip link shows itself');
      const seen = new Set();
      for (let step = 0; step < 60; step += 1) {
        await page.keyboard.press('Tab');
        const focus = await page.evaluate(() => {
          const style = getComputedStyle(document.activeElement);
          return { is: document.activeElement.id || document.activeElement.className || document.activeElement.tagName, outline: style.outlineStyle, width: style.outlineWidth };
        });
        seen.add(focus.is);
        if (focus.is !== 'BODY') assert.notEqual(`${focus.outline} ${focus.width}`, 'none 0px', `${focus.is} shows its focus`);
      }
      for (const wanted of ['operation', 'send', 'curl', 'reply', 'canvas', 'fold']) assert.ok(seen.has(wanted), `Tab reaches ${wanted}`);
      if (roles.length) {
        await page.focus(`[data-sign-in="${roles[0]}"]`);
        await page.keyboard.press('Enter');
        await page.waitForSelector(`[data-sign-in="${roles[0]}"][aria-pressed="true"]`);
      }
      await context.close();
    });
  });
}
