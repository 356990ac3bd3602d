// The API reference: bundled, and signed in as on the start page.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inaccessible, launch, none, open, overflowing, servers } from './browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

/** Of the reference's own making, and in no option of it. */
const NOT_OURS = ['label-content-name-mismatch'];

// The reference is the same for each design.
for (const { name, url, roles } of servers.slice(0, 1)) {
  describe(`reference of ${name}`, () => {
    for (const { width, scheme } of [{ width: 1440, scheme: 'light' }, { width: 390, scheme: 'dark' }]) {
      test(`shows itself at ${width} pixels, ${scheme}, without a fault`, async () => {
        const { context, page, faults } = await open(browser, { url, path: '/reference', width, scheme });
        await page.waitForSelector('text=OpenAPI 3.1');
        none(await overflowing(page), 'nothing sticks out of the window');
        none(await inaccessible(page, NOT_OURS), 'everybody can use it');
        none(faults, 'no error, no request to the outside');
        await context.close();
      });
    }

    test('opens at the operation that the start page leads to, and sends the token of its role', async () => {
      const { context, page, faults } = await open(browser, { url });
      const role = roles[0];
      await page.click(`[data-sign-in="${role}"]`);
      await page.waitForSelector(`[data-sign-in="${role}"][aria-pressed="true"]`);
      await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
      const item = page.locator('.operations li', { has: page.locator('.path:text-matches("/auth/me$")') });
      const [path, summary] = [await item.locator('.path').textContent(), await item.locator('.summary').textContent()];
      await item.locator('.docs').click();
      await page.waitForFunction((text) => Array.from(document.querySelectorAll('h3')).some((one) => {
        const { top } = one.getBoundingClientRect();
        return one.textContent.includes(text) && top > -200 && top < innerHeight;
      }), summary);
      await page.getByRole('button', { name: new RegExp(`Test Request.*${path}`) }).first().click();
      const sent = page.waitForRequest((request) => new URL(request.url()).pathname === path);
      await page.getByRole('button', { name: /^Send/ }).first().click();
      const request = await sent;
      assert.match(await request.headerValue('authorization'), /^\S+ \S+\.\S+\.\S+$/);
      none(faults, 'no error, no request to the outside');
      await context.close();
    });
  });
}
