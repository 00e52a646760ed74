/** The search's markup. Every id begins with `search-`. */
export const MARKUP = `
<form id="search-form" class="card search-form" role="search" aria-labelledby="search-heading">
  <div class="search-ask">
    <label for="search-query">Look for</label>
    <input id="search-query" type="search" autocomplete="off" placeholder="a proposal of marriage" aria-describedby="search-indexed">
    <button type="submit" id="search-go">Search</button>
  </div>
  <div class="search-choices">
    <label>In <select id="search-file"><option value="">all texts</option></select></label>
    <label>Show <select id="search-k"><option>5</option><option selected>10</option><option>25</option><option>50</option></select></label>
  </div>
  <p id="search-indexed" class="fine">The first search puts the chunks into an index, which is kept beside their vectors.</p>
</form>
<div class="search-going-on">
  <p id="search-status" role="status"></p>
  <progress id="search-progress" aria-label="Filling the index" hidden></progress>
  <button type="button" id="search-stop" class="quiet" hidden>Stop</button>
</div>
<div id="search-alert" class="alert" role="alert"></div>
<h3 id="search-found" tabindex="-1" hidden></h3>
<ol id="search-results" class="search-results" aria-labelledby="search-found"></ol>
<p id="search-none" class="card empty">Nothing looked for yet. Words that stand in a text find it best.</p>
`;
