metadata name = 'Shared types'
metadata description = 'Types that more than one file uses.'

@export()
@description('Tags of a resource.')
type tagsType = {
  @description('Optional. A tag: its name and its value.')
  *: string
}
