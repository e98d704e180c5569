// 3-D on demand, by NiiVue, where it was fetched at set-up and the browser has WebGL; everything else works without it.
let solidViewer = null;

async function solid(on) {
  const box = find('.sw-solid');
  look.solid = on;
  box.hidden = !on;
  panesBox.hidden = on;
  if (!on) { if (solidViewer) { solidViewer = null; box.replaceChildren(); } return; }
  box.replaceChildren(make('p', 'Loading the volume', {role: 'status'}));
  const shown = state.case;
  try {
    const canvas = make('canvas', '', {'aria-label': '3-D view. Drag turns it.', role: 'img'});
    if (!document.createElement('canvas').getContext('webgl2')) throw new Error('This browser has no WebGL, so there is no 3-D here; everything else works.');
    const has = await fetch('/niivue.js', {method: 'GET'});
    if (!has.ok) throw new Error('The 3-D viewer was not fetched at set-up; everything but 3-D works. Run: python -m ui.viewer.niivue');
    if (!globalThis.niivue) await import('/niivue.js');
    box.replaceChildren(canvas);
    const viewer = new globalThis.niivue.Niivue({backColor: [0, 0, 0, 1], show3Dcrosshair: true, loadingText: '', isRadiologicalConvention: true, forceDevicePixelRatio: 1});
    await viewer.attachToCanvas(canvas);
    const w = windowed();
    await viewer.loadVolumes([
      {url: '/volume/' + shown + '/scan.nii', name: 'scan.nii', colormap: 'gray', cal_min: w.centre - w.width / 2, cal_max: w.centre + w.width / 2},
      {url: '/volume/' + shown + '/lesions.nii?v=' + state.stamp, name: 'lesions.nii', colormap: 'warm', opacity: 0.6, cal_min: 0.5, cal_max: Math.max(1, state.lesions.length)},
    ]);
    viewer.setSliceType(viewer.sliceTypeMultiplanar);
    viewer.opts.multiplanarForceRender = true;
    viewer.drawScene();
    solidViewer = viewer;
    box.dataset.ready = 'yes';
  } catch (error) {
    box.replaceChildren(make('p', error.message || 'The volume could not be shown in 3-D.', {role: 'alert'}));
  }
}
