// The theme's extras, the search, and the parts of the pages of changes.
DoxygenAwesomeFragmentCopyButton.init()
DoxygenAwesomeDarkModeToggle.init()
DoxygenAwesomeParagraphLink.init()
DoxygenAwesomeInteractiveToc.init()

// search-index.js has the entries: title, where it is or what kind, address, text. It is loaded when somebody searches.
const search = {
    /** How well an entry fits all of the words, higher is better; 0 for not at all. */
    score(entry, words) {
        const [title, kind, , text] = entry
        const name = title.toLowerCase(), all = `${name} ${kind.toLowerCase()} ${text.toLowerCase()}`
        let sum = 0
        for (const word of words) {
            const at = name.indexOf(word)
            if (name === word) sum += 100
            else if (at === 0) sum += 40
            else if (at > 0 && !/\w/.test(name[at - 1])) sum += 30
            else if (at > 0) sum += 15
            else if (all.includes(word)) sum += 5
            else return 0
        }
        // What explains comes before what names; a long name that merely holds the word last.
        return sum + (text ? 10 : 0) - Math.min(name.length, 60) / 20
    },

    /** The entries that fit, best first. */
    find(query) {
        const words = query.toLowerCase().split(/\s+/).filter(word => word)
        if (words.length === 0) return []
        return searchIndex.map(entry => [this.score(entry, words), entry]).filter(([score]) => score > 0)
            .sort((a, b) => b[0] - a[0]).slice(0, 50).map(([, entry]) => entry)
    },

    /** Some text around the first of the words. */
    excerpt(text, query) {
        const word = query.toLowerCase().split(/\s+/).find(word => word && text.toLowerCase().includes(word))
        if (!word) return text.slice(0, 100).replace(/ \S*$/, " …")
        const at = text.toLowerCase().indexOf(word), start = text.lastIndexOf(" ", Math.max(0, at - 40)) + 1
        return (start ? "… " : "") + text.slice(start, at + 70).replace(/ \S*$/, " …")
    },

    show(query) {
        this.results.replaceChildren()
        const found = this.find(query)
        for (const [title, kind, address, text] of found) {
            const link = document.createElement("a")
            link.href = this.root + address
            for (const [tag, content] of [["b", title], ["i", kind], ["span", this.excerpt(text, query)]]) {
                if (content) link.appendChild(Object.assign(document.createElement(tag), {textContent: content}))
            }
            this.results.appendChild(link)
        }
        if (query.trim() && found.length === 0) this.results.textContent = "Nothing has all of these words."
        this.results.hidden = !query.trim()
    },

    /** Arrow keys walk through the results, Enter follows, Escape closes. */
    key(event) {
        const links = [...this.results.children].filter(child => child.href)
        const at = links.indexOf(document.activeElement)
        if (event.key === "Escape") {
            this.field.value = ""
            this.show("")
            this.field.blur()
        } else if (event.key === "ArrowDown" && links.length) {
            links[Math.min(at + 1, links.length - 1)].focus()
        } else if (event.key === "ArrowUp" && at >= 0) {
            (links[at - 1] || this.field).focus()
        } else if (event.key === "Enter" && event.target === this.field && links.length) {
            links[0].click()
        } else {
            return
        }
        event.preventDefault()
    },

    load() {
        if (this.loading) return
        this.loading = document.createElement("script")
        this.loading.src = this.root + "search-index.js"
        this.loading.onload = () => this.show(this.field.value)
        document.head.appendChild(this.loading)
    },

    init() {
        this.field = document.getElementById("MSearchField")
        this.results = document.getElementById("site-results")
        this.root = this.field.dataset.root
        this.field.addEventListener("focus", () => this.load())
        this.field.addEventListener("input", () => typeof searchIndex === "undefined" ? this.load() : this.show(this.field.value))
        for (const element of [this.field, this.results]) element.addEventListener("keydown", event => this.key(event))
        document.addEventListener("click", event => {
            if (!event.target.closest("#MSearchBox, #site-results")) this.results.hidden = true
        })
        document.addEventListener("keydown", event => {
            if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
                event.preventDefault()
                this.field.focus()
            }
        })
    },
}
document.addEventListener("DOMContentLoaded", () => search.init())
