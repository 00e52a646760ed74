/** The explorer's markup. Every id begins with `explorer-`. */

/** How many rows a page of the table has. */
export const ROWS = 10;

export const MARKUP = `
<div class="card explorer-room">
  <dl>
    <div><dt>Entries</dt><dd><data id="explorer-entries" value="">–</data></dd></div>
    <div><dt>Their bytes</dt><dd><data id="explorer-bytes" value="">–</data></dd></div>
    <div><dt>Of those, the search index</dt><dd><data id="explorer-index" value="">–</data></dd></div>
    <div><dt>On the disk</dt><dd><data id="explorer-disk" value="">–</data></dd></div>
  </dl>
  <p id="explorer-quota">How much room there is, the browser has not said yet.</p>
  <svg class="share" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect id="explorer-share" width="0" height="10"/></svg>
  <div class="explorer-keep">
    <button type="button" id="explorer-persist">Keep my data</button>
    <p id="explorer-persisted" class="fine" role="status">When room is short, the browser may clear what a page keeps.</p>
  </div>
</div>
<div class="explorer-acts">
  <button type="button" id="explorer-export">Export as a file</button>
  <span class="explorer-import">
    <label class="file" for="explorer-import">Import a file</label>
    <input id="explorer-import" type="file" accept=".bytestow" aria-describedby="explorer-import-hint">
  </span>
  <button type="button" id="explorer-clear" class="explorer-grave">Clear all</button>
  <p id="explorer-import-hint" class="fine">
    The file holds every vector with its key, without the search index, which is made of them again. Import adds to what
    is here, once the whole file was checked.
  </p>
</div>
<div class="explorer-going-on">
  <p id="explorer-status" role="status"></p>
  <progress id="explorer-progress" aria-label="Export or import" max="1" hidden></progress>
</div>
<div id="explorer-alert" class="alert" role="alert"></div>
<div class="explorer-find">
  <label for="explorer-prefix">Keys that begin with</label>
  <input id="explorer-prefix" type="text" autocomplete="off" autocapitalize="off" spellcheck="false">
  <button type="button" id="explorer-delete-found" class="explorer-grave">Delete these</button>
  <p id="explorer-found" class="fine" role="status"></p>
</div>
<div class="scroll explorer-table" role="region" aria-label="Entries" tabindex="0">
  <table>
    <thead>
      <tr>
        <th scope="col" aria-sort="none"><button type="button" class="quiet" data-order="key">Key</button></th>
        <th scope="col" aria-sort="none"><button type="button" class="quiet" data-order="bytes">Size</button></th>
        <th scope="col" aria-sort="none"><button type="button" class="quiet" data-order="written">Age</button></th>
        <th scope="col" aria-sort="none"><button type="button" class="quiet" data-order="expires">Lives</button></th>
      </tr>
    </thead>
    <tbody id="explorer-rows"></tbody>
  </table>
</div>
<div class="explorer-pages">
  <button type="button" id="explorer-before">Previous</button>
  <p id="explorer-page" role="status"></p>
  <button type="button" id="explorer-after">Next</button>
</div>
<div class="card explorer-value" role="region" aria-labelledby="explorer-value-heading">
  <h3 id="explorer-value-heading">A value</h3>
  <p id="explorer-none" class="fine">Choose a key above to look at what stands under it.</p>
  <div id="explorer-chosen" hidden>
    <p id="explorer-key" class="explorer-key"></p>
    <dl id="explorer-facts"></dl>
    <fieldset id="explorer-views">
      <legend>Shown as</legend>
      <label><input type="radio" name="explorer-view" value="vector"> Vector</label>
      <label><input type="radio" name="explorer-view" value="bytes"> Bytes</label>
    </fieldset>
    <div id="explorer-body"></div>
    <button type="button" id="explorer-delete" class="explorer-grave">Delete this entry</button>
  </div>
</div>
`;
