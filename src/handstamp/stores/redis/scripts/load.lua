local id = ARGV[1]
return known(id) and whole(id)
