[inputs: ["mix.exs", ".formatter.exs", "{lib,config}/**/*.{ex,exs}", "*.exs"], line_length: 98]
