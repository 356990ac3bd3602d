// In production the pages offer no sign-in without a password, and show nothing of a seed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, launch, none, open, overflowing, production } from './browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

test('the start page of production offers no requests and no sign-in', async () => {
  for (const width of [1440, 390]) {
    const { context, page, faults } = await open(browser, { url: production.url, width });
    for (const offered of ['[data-sign-in]', '#try', '#send', '.dev']) assert.equal(await page.locator(offered).count(), 0, offered);
    const html = await page.content();
    for (const seeded of ['@example.com', '/dev/']) assert.ok(!html.includes(seeded), seeded);
    assert.ok((await page.textContent('#curl')).includes(`API=${production.url}`));
    none(await overflowing(page), 'nothing sticks out of the window');
    none(await inaccessible(page), 'everybody can use it');
    none(faults, 'no error, no request to the outside');
    await context.close();
  }
});

test('the server of production has no sign-in without a password', async () => {
  for (const role of production.roles) {
    const reply = await fetch(`${production.url}/dev/sign-in/${role}`, { method: 'POST' });
    assert.equal(reply.status, 404);
  }
});
