// Zoom of the diagrams, and the relations of the entity under the pointer.
(() => {
  'use strict';
  const LEAST = 0.15;
  const MOST = 2.5;
  /** Smaller than this, a diagram isn't legible: it scrolls instead. */
  const LEGIBLE = 0.72;

  const setUp = (drawing) => {
    const canvas = drawing.querySelector('.canvas');
    const diagram = canvas.querySelector('svg');
    const width = Number(diagram.getAttribute('width'));
    const height = Number(diagram.getAttribute('height'));
    let scale = 1;

    const zoom = (next) => {
      const across = (canvas.scrollLeft + canvas.clientWidth / 2) / (width * scale);
      const down = (canvas.scrollTop + canvas.clientHeight / 2) / (height * scale);
      scale = Math.min(MOST, Math.max(LEAST, next));
      diagram.setAttribute('width', width * scale);
      diagram.setAttribute('height', height * scale);
      canvas.scrollLeft = across * width * scale - canvas.clientWidth / 2;
      canvas.scrollTop = down * height * scale - canvas.clientHeight / 2;
      count();
    };
    const limit = parseFloat(getComputedStyle(canvas).maxHeight) || Infinity;
    const fit = () => Math.min(1, canvas.clientWidth / width, limit / height);
    const steps = { in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), fit: () => zoom(fit()) };
    for (const button of drawing.querySelectorAll('[data-zoom]')) {
      button.addEventListener('click', steps[button.dataset.zoom]);
    }
    canvas.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(scale * Math.exp(-event.deltaY / 300));
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => {
      const step = { '+': steps.in, '-': steps.out, 0: steps.fit }[event.key];
      if (step && !event.ctrlKey && !event.metaKey) step();
    });
    const inView = drawing.querySelector('.in-view');
    const count = () => showCount(inView, canvas, diagram);
    canvas.addEventListener('scroll', count, { passive: true });
    window.addEventListener('resize', count);
    zoom(Math.max(fit(), LEGIBLE));
    showFirst(canvas, diagram, scale);
    count();
    light(diagram);
  };

  /** Says how many entities there are, where they are not all in view. */
  const showCount = (place, canvas, diagram) => {
    const frame = canvas.getBoundingClientRect();
    const boxes = Array.from(diagram.querySelectorAll('[data-entity] .box'), (box) => box.getBoundingClientRect());
    const isIn = (box) => box.left < frame.right - box.width / 2 && box.right > frame.left + box.width / 2
      && box.top < frame.bottom - 30 && box.bottom > frame.top + 30;
    const seen = boxes.filter(isIn).length;
    place.hidden = seen === boxes.length;
    place.textContent = `${seen} of ${boxes.length} entities in view: scroll for the others, or “Fit”.`;
  };

  /** Scrolls to the leftmost box: the diagram's corner may be empty. */
  const showFirst = (canvas, diagram, scale) => {
    const places = Array.from(diagram.querySelectorAll('[data-entity]'), (box) => box.transform.baseVal[0].matrix);
    const first = places.sort((left, right) => left.e - right.e || left.f - right.f)[0];
    const isHigher = diagram.getBoundingClientRect().height > canvas.clientHeight;
    canvas.scrollTo(0, first && isHigher ? Math.max(0, first.f * scale - 60) : 0);
  };

  /** Pointing at an entity shows its relations. */
  const light = (diagram) => {
    const lines = diagram.querySelectorAll('.line');
    const show = (entity) => {
      diagram.classList.toggle('focused', entity !== null);
      for (const part of diagram.querySelectorAll('.related')) part.classList.remove('related');
      if (entity === null) return;
      const near = new Set([entity]);
      for (const line of lines) {
        if (line.dataset.from !== entity && line.dataset.to !== entity) continue;
        line.classList.add('related');
        near.add(line.dataset.from).add(line.dataset.to);
      }
      for (const index of near) diagram.querySelector(`[data-entity="${index}"]`).classList.add('related');
    };
    for (const box of diagram.querySelectorAll('[data-entity]')) {
      box.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && show(box.dataset.entity));
      box.addEventListener('pointerleave', () => show(null));
    }
  };

  for (const drawing of document.querySelectorAll('.drawing')) {
    const part = drawing.closest('details');
    if (!part || part.open) setUp(drawing);
    else part.addEventListener('toggle', () => setUp(drawing), { once: true });
  }
})();
