[inputs: ["mix.exs", ".formatter.exs", "{lib,config}/**/*.{ex,exs}"], line_length: 98]
